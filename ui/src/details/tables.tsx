import type { NodeDetails } from "../api/types";
import { own } from "../parts/own";
import { Section } from "./section";
import { SortTable } from "./sort-table";
import { sortKey } from "./sorting";
import { useSome } from "./use-some";
import { Value } from "./value";

type Table = NodeDetails["tables"][number];
type Row = Table["rows"][number];

/** Shown at first. */
const FIRST = 10;

/** What else probes say of a node: labels, environment, disks, ... */
export function Tables({ tables }: { tables: readonly Table[] }) {
  const { some, more } = useSome(tables, FIRST, "table");
  return (
    tables.length > 0 && (
      <Section title="Tables">
        {some.map((table) => (
          <One key={table.id} table={table} />
        ))}
        {more}
      </Section>
    )
  );
}

/** Of a property list the first column names what the second says: a table like any other. */
function One({ table: { label, columns, rows } }: { table: Table }) {
  return (
    <SortTable<Row>
      title={label}
      columns={columns.map(({ id, label: title, dataType }) => ({
        id,
        title: title || id,
        numeric: dataType === "number",
        cell: (row) => <Value text={own(row.entries, id) ?? ""} dataType={dataType} />,
        key: (row) => sortKey(own(row.entries, id), dataType),
      }))}
      rows={rows}
      rowKey={({ id }) => id}
      order={{ column: (columns.find(({ defaultSort }) => defaultSort) ?? columns[0])?.id ?? "", descending: false }}
      text={(row) => Object.values(row.entries).join(" ")}
    />
  );
}
