// Rows of tables in the order that somebody chose.

export type Sortable = string | number | undefined;

export interface Order {
  column: string;
  descending: boolean;
}

const words = new Intl.Collator("en", { numeric: true });

/** Rows in order of what a key says of each; those of which it says nothing come last, whichever way. */
export function sorted<Row>(rows: readonly Row[], key: (row: Row) => Sortable, descending: boolean): Row[] {
  const turn = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [left, right] = [key(one), key(other)];
    if (left === undefined || right === undefined) {
      return Number(left === undefined) - Number(right === undefined);
    }
    return turn * compared(left, right);
  });
}

function compared(left: string | number, right: string | number): number {
  return typeof left === "number" && typeof right === "number"
    ? left - right
    : words.compare(String(left), String(right));
}

/** The order once a column's title is pressed: the other way round, or by that column, numbers from the largest. */
export function pressed(order: Order, column: string, numeric: boolean): Order {
  return order.column === column ? { column, descending: !order.descending } : { column, descending: numeric };
}

/** What a cell's text is sorted by: numbers by their size. */
export function sortKey(text: string | undefined, dataType: string): Sortable {
  if (text === undefined || text === "") {
    return undefined;
  }
  const number = Number(text);
  return (dataType === "number" || dataType === "duration") && Number.isFinite(number) ? number : text;
}

/** The rows that have all words of a filter somewhere in their text. */
export function filtered<Row>(rows: readonly Row[], text: (row: Row) => string, filter: string): readonly Row[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return wanted.length === 0
    ? rows
    : rows.filter((row) => {
        const found = text(row).toLowerCase();
        return wanted.every((word) => found.includes(word));
      });
}
