import { type Key, type ReactNode, useId, useState } from "react";
import { countText } from "../parts/format";
import styles from "./sort-table.module.css";
import { filtered, type Order, pressed, type Sortable, sorted } from "./sorting";
import { useSome } from "./use-some";

export interface Column<Row> {
  id: string;
  title: string;
  /** Whether it holds numbers: they stand below each other, and the largest come first. */
  numeric?: boolean;
  cell: (row: Row) => ReactNode;
  key: (row: Row) => Sortable;
}

interface Props<Row> {
  title: string;
  /** The first names the row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => Key;
  order: Order;
  /** What a row is found by. */
  text: (row: Row) => string;
  /** How many there are that the service did not list. */
  unlisted?: number;
}

/** Shown at first. */
const FIRST = 8;
/** From so many rows on there is a filter. */
const MANY = 16;

/** A list of what there may be much of: some at first, in whatever order, filtered. */
export function SortTable<Row>({ title, columns, rows, rowKey, order: given, text, unlisted = 0 }: Props<Row>) {
  const [order, setOrder] = useState(given);
  const [filter, setFilter] = useState("");
  const column = columns.find(({ id }) => id === order.column) ?? columns[0];
  const found = filtered(rows, text, filter);
  const { some, more } = useSome(column ? sorted(found, column.key, order.descending) : found, FIRST, "row");
  return (
    <div className={styles.block}>
      <table className={styles.table}>
        <caption>
          <h4>
            {title} <span className={styles.count}>{countText(rows.length + unlisted)}</span>
          </h4>
          {rows.length >= MANY && <Filter title={title} value={filter} onChange={setFilter} />}
        </caption>
        <thead>
          <tr>
            {columns.map((one) => (
              <Title key={one.id} column={one} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {some.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((one, place) => (
                <Cell key={one.id} column={one} row={row} names={place === 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p className={styles.words}>Nothing matches “{filter}”.</p>}
      {unlisted > 0 && (
        <p className={styles.words}>{countText(unlisted)} more are not listed: they would be too many.</p>
      )}
      {more}
    </div>
  );
}

function Filter({ title, value, onChange }: { title: string; value: string; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <>
      <label htmlFor={id} className="visually-hidden">
        Filter {title}
      </label>
      <input
        id={id}
        type="search"
        placeholder="Filter"
        value={value}
        className={styles.filter}
        onChange={(event) => onChange(event.target.value)}
      />
    </>
  );
}

interface TitleProps<Row> {
  column: Column<Row>;
  order: Order;
  onOrder: (order: Order) => void;
}

function Title<Row>({ column: { id, title, numeric = false }, order, onOrder }: TitleProps<Row>) {
  const by = order.column === id;
  const way = order.descending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={by ? way : "none"} data-numeric={numeric || undefined}>
      <button type="button" onClick={() => onOrder(pressed(order, id, numeric))}>
        <span data-by={by ? way : undefined}>{title}</span>
      </button>
    </th>
  );
}

function Cell<Row>({ column, row, names }: { column: Column<Row>; row: Row; names: boolean }) {
  const content = column.cell(row);
  return names ? <th scope="row">{content}</th> : <td data-numeric={column.numeric || undefined}>{content}</td>;
}
