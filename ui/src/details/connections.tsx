import type { NodeDetails } from "../api/types";
import { Named } from "./named";
import { Section } from "./section";
import { type Column, SortTable } from "./sort-table";
import { sortKey } from "./sorting";
import { Value } from "./value";

type Group = NodeDetails["connections"][number];
type Row = Group["connections"][number];

/** Whom a node talks to: who opened connections to it, and to whom it did. */
export function Connections({ groups }: { groups: readonly Group[] }) {
  const filled = groups.filter(({ connections }) => connections.length > 0);
  return (
    <Section title="Connections">
      {filled.map((group) => (
        <Direction key={group.id} group={group} />
      ))}
      {filled.length === 0 && <p>None were seen lately.</p>}
    </Section>
  );
}

function Direction({ group }: { group: Group }) {
  const { topologyId, label, connections, more } = group;
  const columns: Column<Row>[] = [
    {
      id: "node",
      title: label === "Inbound" ? "From" : "To",
      cell: (row) => <Named topology={topologyId} node={{ ...row, id: row.nodeId }} />,
      key: (row) => row.label,
    },
    ...group.columns.map(columnOf),
  ];
  const order = group.columns.find(({ defaultSort }) => defaultSort)?.id;
  return (
    <SortTable
      title={label}
      columns={columns}
      rows={connections}
      rowKey={({ id }) => id}
      order={order ? { column: order, descending: true } : { column: "node", descending: false }}
      text={(row) => [row.label, row.labelMinor, ...row.metadata.map(({ value }) => value)].join(" ")}
      unlisted={more}
    />
  );
}

function columnOf({ id, label, dataType }: Group["columns"][number]): Column<Row> {
  const found = (row: Row) => row.metadata.find((one) => one.id === id)?.value;
  return {
    id,
    title: label || id,
    numeric: dataType === "number",
    cell: (row) => <Value text={found(row) ?? ""} dataType={dataType} />,
    key: (row) => sortKey(found(row), dataType),
  };
}
