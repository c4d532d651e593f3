import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Topology, ViewNode } from "../api/types";
import { counted } from "../parts/format";
import { ColumnMenu } from "./column-menu";
import { incoming, type TableColumn } from "./columns";
import { NodeRow } from "./node-row";
import styles from "./node-table.module.css";
import { useColumns } from "./use-columns";
import { useNodeTable } from "./use-node-table";

/** In pixels; as the style says. */
const ROW = 36;
const PAGE = 10;

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
  const visible = columns.filter((one) => shown[one.id]);
  const scroller = useRef<HTMLDivElement>(null);
  const { virtualizer, active, setActive, onKeyDown } = useRows(rows, scroller, chosen);
  const context = { nodes: byId, arriving, topology, onOpen };
  let end = 0;
  return (
    <div className={styles.whole}>
      <div className={styles.tools}>
        <p role="status">{words(data.length, nodes.length)}</p>
        <ColumnMenu columns={columns} shown={shown} onShow={show} onReset={reset} />
      </div>
      <div ref={scroller} className={styles.scroller}>
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
          <tbody>
            {virtualizer.getVirtualItems().map((item) => {
              const gap = item.start - end;
              end = item.end;
              const node = rows[item.index]?.original;
              return [
                gap > 0 && <Gap key={`before ${item.key}`} size={gap} columns={visible.length} />,
                node && (
                  <NodeRow
                    key={item.key}
                    node={node}
                    index={item.index}
                    columns={visible}
                    context={context}
                    chosen={node.id === chosen}
                    active={item.index === active}
                    onKeyDown={onKeyDown}
                    onFocus={() => setActive(item.index)}
                  />
                ),
              ];
            })}
            <Gap size={virtualizer.getTotalSize() - end} columns={visible.length} />
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Which rows are there to be seen, and how keys move among them. */
function useRows(rows: readonly { id: string }[], scroller: React.RefObject<HTMLDivElement | null>, chosen: string) {
  const [active, setActive] = useState(0);
  const last = rows.length - 1;
  const current = Math.min(active, Math.max(0, last));
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 10,
    scrollPaddingStart: ROW,
    // The row that has the focus stays, wherever one scrolls.
    rangeExtractor: useCallback(
      (range: Range) =>
        [...new Set([...defaultRangeExtractor(range), Math.min(current, range.count - 1)])].sort((a, b) => a - b),
      [current],
    ),
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const to = target(event.key, current, last);
    if (to !== null) {
      event.preventDefault();
      setActive(to);
      virtualizer.scrollToIndex(to);
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
      );
    }
  };
  const place = chosen ? rows.findIndex((one) => one.id === chosen) : -1;
  const seen = useRef("");
  useEffect(() => {
    // What was opened elsewhere is brought into sight, once.
    if (place >= 0 && seen.current !== chosen) {
      seen.current = chosen;
      virtualizer.scrollToIndex(place);
    }
  }, [chosen, place, virtualizer]);
  return { virtualizer, active: current, setActive, onKeyDown };
}

/** The row that a key leads to, null where it leads nowhere. */
export function target(key: string, from: number, last: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + PAGE,
    PageUp: from - PAGE,
    Home: 0,
    End: last,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(Math.max(to, 0), last);
}

function Gap({ size, columns }: { size: number; columns: number }) {
  return size > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus, and no reader shall count it
    <tr aria-hidden="true">
      <td colSpan={columns} className={styles.gap} style={{ blockSize: size }} />
    </tr>
  ) : null;
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
  return shown === all ? counted(all, "node") : `${shown.toLocaleString("en")} of ${counted(all, "node")} match`;
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
