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

/** Whether a term is found, as fast as that can be said. */
function holds(term: Term, node: ViewNode): boolean {
  switch (term.kind) {
    case "word":
      return textOf(node).includes(term.word);
    case "field":
      return inField(term, node) || textOf(node).includes(literal(term));
    case "metric":
      return node.metrics.some((one) => isMetric(one, term)) || node.metadata.some((one) => isNumber(one, term));
  }
}

function found(term: Term, node: ViewNode): Found[] {
  switch (term.kind) {
    case "word":
      return containing(node, term.word);
    case "field":
      return inField(term, node) ? containing(node, term.word, term.field) : containing(node, literal(term));
    case "metric":
      return [
        ...node.metrics
          .filter((one) => isMetric(one, term))
          .map(({ id, label, value }) => ({ kind: "metric" as const, id, name: label, value: String(value) })),
        ...node.metadata
          .filter((one) => isNumber(one, term))
          .map(({ id, label, value }) => ({ kind: "row" as const, id, name: label, value })),
      ];
  }
}

/** `nginx:1.27` is a field with its value, and a text with a colon in it. */
function literal({ text, not }: FieldTerm): string {
  return text.slice(Number(not)).toLowerCase();
}

function containing(node: ViewNode, word: string, name = ""): Field[] {
  return searchable(node)
    .filter((one) => one.text.includes(word) && one.slug.startsWith(name))
    .map(({ field }) => field);
}

function inField({ field: name, word }: FieldTerm, node: ViewNode): boolean {
  return (
    textOf(node).includes(word) && searchable(node).some((one) => one.slug.startsWith(name) && one.text.includes(word))
  );
}

function isMetric({ id, label, value }: ViewNode["metrics"][number], term: MetricTerm): boolean {
  return compare(value, term) && isNamed(id, label, term);
}

function isNumber({ id, label, value, dataType }: ViewNode["metadata"][number], term: MetricTerm): boolean {
  return dataType === "number" && compare(Number(value), term) && isNamed(id, label, term);
}

function isNamed(id: string, label: string, { metric }: MetricTerm): boolean {
  return slug(label).startsWith(metric) || slug(id).startsWith(metric);
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
