import type { ViewNode } from "../api/types";
import { type Field, searchable, slug, textOf } from "./fields";
import type { FieldTerm, MetricTerm, Search, Term } from "./parse";

/** Something of a node that is searched for. */
export type Found =
  | Field
  | { readonly kind: "metric"; readonly id: string; readonly name: string; readonly value: string };

/** How a node matches. */
export interface Match {
  /** What of it is searched for, as it is shown; nothing where only something was not to be there. */
  readonly fields: readonly Found[];
}

/** Whether a node matches all that is searched. */
export function matches(search: Search, node: ViewNode): boolean {
  return search.terms.every((term) => holds(term, node) !== term.not);
}

/** What of a node is searched for; null where it does not match. */
export function match(search: Search, node: ViewNode): Match | null {
  if (!matches(search, node)) {
    return null;
  }
  const fields = new Map<string, Found>();
  for (const term of search.terms.filter(({ not }) => !not)) {
    for (const one of found(term, node)) {
      fields.set(`${one.kind} ${one.id} ${one.name} ${one.value}`, one);
    }
  }
  return { fields: [...fields.values()] };
}

function holds(term: Term, node: ViewNode): boolean {
  switch (term.kind) {
    case "word":
      return textOf(node).includes(term.word);
    case "field":
      return inField(term, node).length > 0 || textOf(node).includes(literal(term));
    case "metric":
      return measured(term, node).length > 0;
  }
}

function found(term: Term, node: ViewNode): Found[] {
  switch (term.kind) {
    case "word":
      return containing(node, term.word);
    case "field": {
      const fields = inField(term, node);
      return fields.length > 0 ? fields : containing(node, literal(term));
    }
    case "metric":
      return measured(term, node);
  }
}

/** `nginx:1.27` is a field with its value, and a text with a colon in it. */
function literal({ text, not }: FieldTerm): string {
  return text.slice(Number(not)).toLowerCase();
}

function containing(node: ViewNode, word: string): Field[] {
  return searchable(node)
    .filter(({ text }) => text.includes(word))
    .map(({ field }) => field);
}

function inField({ field: name, word }: FieldTerm, node: ViewNode): Field[] {
  return textOf(node).includes(word)
    ? searchable(node)
        .filter((one) => one.slug.startsWith(name) && one.text.includes(word))
        .map(({ field }) => field)
    : [];
}

function measured(term: MetricTerm, node: ViewNode): Found[] {
  return numbersOf(node).filter(
    ({ id, name, number }) =>
      compare(number, term) && (slugged(name).startsWith(term.metric) || slugged(id).startsWith(term.metric)),
  );
}

function compare(number: number, { comparison, value, tolerance }: MetricTerm): boolean {
  switch (comparison) {
    case "=":
      return Math.abs(number - value) <= tolerance;
    case ">":
      return number > value;
    case "<":
      return number < value;
    case ">=":
      return number >= value;
    case "<=":
      return number <= value;
  }
}

/** What of a node can be compared: its measurements as they are now, and numbers in its rows. */
function numbersOf(node: ViewNode): (Found & { number: number })[] {
  const metrics = node.metrics.map(({ id, label, value }) => ({
    kind: "metric" as const,
    id,
    name: label,
    value: String(value),
    number: value,
  }));
  const rows = node.metadata
    .filter(({ dataType }) => dataType === "number")
    .map(({ id, label, value }) => ({ kind: "row" as const, id, name: label, value, number: Number(value) }));
  return [...metrics, ...rows];
}

const MOST_SLUGS = 1000;
const slugs = new Map<string, string>();

/** Names of metrics are few, and compared often. */
function slugged(name: string): string {
  let known = slugs.get(name);
  if (known === undefined) {
    if (slugs.size === MOST_SLUGS) {
      slugs.clear();
    }
    known = slug(name);
    slugs.set(name, known);
  }
  return known;
}
