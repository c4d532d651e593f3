import { useMemo, useState } from "react";
import type { Topology, ViewNode } from "../api/types";
import { counted, countText } from "../parts/format";
import { ColumnMenu } from "./column-menu";
import { incoming, type TableColumn } from "./columns";
import styles from "./node-table.module.css";
import { Rows } from "./rows";
import { useColumns } from "./use-columns";
import { useNodeTable } from "./use-node-table";

interface Props {
  topology: string;
  topologies: readonly Topology[];
  nodes: readonly ViewNode[];
  byId: ReadonlyMap<string, ViewNode>;
  /** The nodes that match what is searched, null where nothing is; others are left out. */
  marks: ReadonlySet<string> | null;
  /** The node whose details are on top. */
  chosen: string;
  onOpen: (topology: string, id: string) => void;
}

/** The nodes of a topology as a table: says what the graph shows, and more. */
export function NodeTable({ topology, topologies, nodes, byId, marks, chosen, onOpen }: Props) {
  const { columns, shown, show, reset } = useColumns(topology, nodes, topologies);
  const arriving = useMemo(() => incoming(nodes), [nodes]);
  const data = useMemo(() => (marks ? nodes.filter((one) => marks.has(one.id)) : nodes), [nodes, marks]);
  const table = useNodeTable(data, columns, shown, arriving);
  const rows = table.getRowModel().rows;
  const visible = useMemo(() => columns.filter((one) => shown[one.id]), [columns, shown]);
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  // Measurements change within nodes, so that every change of them is another context.
  const context = useMemo(
    () => ({ nodes: byId, at: nodes, arriving, topology, onOpen }),
    [byId, nodes, arriving, topology, onOpen],
  );
  return (
    <div className={styles.whole}>
      <div className={styles.tools}>
        <p role={marks ? "status" : undefined}>{words(data.length, nodes.length)}</p>
        <ColumnMenu columns={columns} shown={shown} onShow={show} onReset={reset} />
      </div>
      <div ref={setScroller} className={styles.scroller}>
        <table
          aria-rowcount={rows.length + 1}
          style={{ minInlineSize: visible.reduce((sum, one) => sum + width(one), 0) }}
        >
          <caption className="visually-hidden">Nodes of {topology}</caption>
          <colgroup>
            {visible.map((one) => (
              <col key={one.id} style={{ inlineSize: width(one) }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {visible.map((one) => {
                const column = table.getColumn(one.id);
                return (
                  <Head
                    key={one.id}
                    column={one}
                    sorted={column?.getIsSorted() ?? false}
                    onSort={() => column?.toggleSorting()}
                  />
                );
              })}
            </tr>
          </thead>
          <Rows scroller={scroller} rows={rows} columns={visible} context={context} chosen={chosen} />
        </table>
      </div>
    </div>
  );
}

interface HeadProps {
  column: TableColumn;
  sorted: false | "asc" | "desc";
  onSort: () => void;
}

function Head({ column, sorted, onSort }: HeadProps) {
  const direction = sorted === "asc" ? "ascending" : "descending";
  return (
    <th scope="col" aria-sort={sorted ? direction : "none"} data-kind={column.kind} data-format={column.format}>
      <button type="button" onClick={onSort} title={`Sort by ${column.label}`}>
        {column.label}
        <span aria-hidden="true">{sorted ? (sorted === "asc" ? "↑" : "↓") : ""}</span>
      </button>
    </th>
  );
}

function words(shown: number, all: number): string {
  return shown === all ? counted(all, "node") : `${countText(shown)} of ${counted(all, "node")} match`;
}

/** How wide a column is, in pixels, where there is no more room. */
function width({ kind, format }: TableColumn): number {
  switch (kind) {
    case "name":
      return 280;
    case "metric":
      return 150;
    case "connections":
      return 130;
    case "peers":
      return 240;
    default:
      return format === "number" ? 120 : 180;
  }
}
