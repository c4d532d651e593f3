import type { NodeDetails } from "../api/types";
import { measured } from "../parts/format";
import { Named } from "./named";
import { Section } from "./section";
import { type Column, SortTable } from "./sort-table";
import { type Sortable, sortKey } from "./sorting";
import { Value } from "./value";

type Group = NodeDetails["children"][number];
type Row = Group["nodes"][number];

const NAME = "name";

/** What belongs to a node, by kind. */
export function Children({ groups }: { groups: readonly Group[] }) {
  return (
    groups.length > 0 && (
      <Section title="What belongs to it">
        {groups.map((group) => (
          <Kind key={group.id} group={group} />
        ))}
      </Section>
    )
  );
}

function Kind({ group: { label, topologyId, nodes, columns, more } }: { group: Group }) {
  const name: Column<Row> = {
    id: NAME,
    title: "Name",
    cell: (row) => <Named topology={topologyId} node={row} />,
    key: (row) => row.label,
  };
  return (
    <SortTable
      title={label}
      columns={[name, ...columns.map(columnOf)]}
      rows={nodes}
      rowKey={({ id }) => id}
      order={{ column: columns.find(({ defaultSort }) => defaultSort)?.id ?? NAME, descending: false }}
      text={(row) => [row.label, row.labelMinor, ...row.metadata.map(({ value }) => value)].join(" ")}
      unlisted={more}
    />
  );
}

/** A column holds a measurement, or else a fact. */
function columnOf({ id, label, dataType }: Group["columns"][number]): Column<Row> {
  const metric = (row: Row) => row.metrics.find((one) => one.id === id);
  const fact = (row: Row) => row.metadata.find((one) => one.id === id);
  return {
    id,
    title: label || id,
    numeric: dataType === "number",
    cell: (row) => {
      const found = metric(row);
      return found ? measured(found.value, found.format) : <Value text={fact(row)?.value ?? ""} dataType={dataType} />;
    },
    key: (row): Sortable => metric(row)?.value ?? sortKey(fact(row)?.value, dataType),
  };
}
