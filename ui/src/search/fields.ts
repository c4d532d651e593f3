import type { ViewNode } from "../api/types";
import { own } from "../parts/own";

/** Something of a node that can be searched. */
export interface Field {
  readonly kind: "label" | "minor" | "row" | "parent" | "table";
  /** Of the row, of the topology of the parent, or of the table's column. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  readonly value: string;
}

type Visit = (kind: Field["kind"], id: string, name: string, value: string) => void;

/** All that can be searched of a node, in the order in which it is shown. */
export function visitFields(node: ViewNode, visit: Visit): void {
  visit("label", "label", "Name", node.label);
  visit("minor", "minor", "Description", node.labelMinor);
  for (const { id, label, value } of node.metadata) {
    visit("row", id, label, value);
  }
  for (const { topologyId, label } of node.parents) {
    visit("parent", topologyId, topologyId, label);
  }
  for (const table of node.tables) {
    visitTable(table, visit);
  }
}

function visitTable({ type, columns, rows }: ViewNode["tables"][number], visit: Visit): void {
  // Each row of a list of properties is a field of its own, named in its first column.
  const naming = type === "property-list" ? columns[0]?.id : undefined;
  for (const { entries } of rows) {
    for (const { id, label } of columns) {
      const name = naming === undefined || naming === id ? label : (own(entries, naming) ?? label);
      visit("table", id, name, own(entries, id) ?? "");
    }
  }
}

/** A field with its name and its value as they are compared. */
interface Searchable {
  readonly slug: string;
  readonly text: string;
  readonly field: Field;
}

interface Index {
  /** All values in lower case, a line each. */
  readonly text: string;
  fields: readonly Searchable[] | null;
}

const indices = new WeakMap<ViewNode, Index>();

/** All values of a node in lower case; made once for each object, which is another after a change. */
export function textOf(node: ViewNode): string {
  return indexOf(node).text;
}

/** The fields of a node; made when they are first asked for. */
export function searchable(node: ViewNode): readonly Searchable[] {
  const index = indexOf(node);
  index.fields ??= fieldsOf(node);
  return index.fields;
}

function indexOf(node: ViewNode): Index {
  let index = indices.get(node);
  if (!index) {
    let text = "";
    visitFields(node, (_kind, _id, _name, value) => {
      text += `${value}\n`;
    });
    index = { text: text.toLowerCase(), fields: null };
    indices.set(node, index);
  }
  return index;
}

function fieldsOf(node: ViewNode): Searchable[] {
  const fields: Searchable[] = [];
  visitFields(node, (kind, id, name, value) => {
    fields.push({ slug: slug(name), text: value.toLowerCase(), field: { kind, id, name, value } });
  });
  return fields;
}

/** Names are few, and compared often. */
const MOST_SLUGS = 10_000;
const slugs = new Map<string, string>();

/** A name as it is compared: `Image name`, `image-name` and `imagename` are one. */
export function slug(name: string): string {
  let known = slugs.get(name);
  if (known === undefined) {
    if (slugs.size === MOST_SLUGS) {
      slugs.clear();
    }
    known = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
    slugs.set(name, known);
  }
  return known;
}
