import { type Key, type ReactNode, type RefObject, useLayoutEffect, useRef } from "react";
import { keepFocus } from "./focus";
import styles from "./table.module.css";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
  /** Whether it names the row. */
  names?: boolean;
  /** Whether it is what can be done with the row: without a title to see. */
  actions?: boolean;
}

interface Props<Row> {
  /** What the rows are. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => Key;
}

/** A list of some rows, each a card where the window is narrow. */
export function Table<Row>({ label, columns, rows, rowKey }: Props<Row>) {
  const frame = useFocusKept(rows);
  return (
    <div ref={frame} className={styles.frame}>
      <table className={styles.table}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ title, actions }) => (
              <th key={title} scope="col">
                {actions ? <span className="visually-hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <Cell key={column.title} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Where the focus leaves with its row, or with the last of them, the page has it. No browser tells that as a blur. */
function useFocusKept(rows: readonly unknown[]): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const focused = useRef(false);
  useLayoutEffect(() => {
    // React does not tell of a focus that a dialog gives back as it is taken away.
    const follow = ({ type }: FocusEvent) => {
      focused.current = type === "focusin";
    };
    frame.current?.addEventListener("focusin", follow);
    frame.current?.addEventListener("focusout", follow);
    return () => {
      if (focused.current) {
        queueMicrotask(keepFocus);
      }
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows may be without the one that had it
  useLayoutEffect(() => {
    if (focused.current) {
      keepFocus();
    }
  }, [rows]);
  return frame;
}

function Cell<Row>({ column: { title, cell, names, actions }, row }: { column: Column<Row>; row: Row }) {
  if (names) {
    return <th scope="row">{cell(row)}</th>;
  }
  return (
    <td data-title={actions ? undefined : title} className={actions ? styles.actions : undefined}>
      {cell(row)}
    </td>
  );
}
