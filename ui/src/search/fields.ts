import type { ViewNode } from "../api/types";

/** Something of a node that can be searched. */
export interface Field {
  readonly kind: "label" | "minor" | "row" | "parent" | "table";
  /** Of the row, of the topology of the parent, or of the table's column. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  readonly value: string;
}

/** A name as it is compared: `Image name`, `image-name` and `imagename` are one. */
export function slug(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** All that can be searched of a node, in the order in which it is shown. */
export function fieldsOf(node: ViewNode): Field[] {
  return [
    { kind: "label", id: "label", name: "Name", value: node.label },
    { kind: "minor", id: "minor", name: "Description", value: node.labelMinor },
    ...node.metadata.map(({ id, label, value }): Field => ({ kind: "row", id, name: label, value })),
    ...node.parents.map(
      ({ topologyId, label }): Field => ({ kind: "parent", id: topologyId, name: topologyId, value: label }),
    ),
    ...node.tables.flatMap(fieldsOfTable),
  ];
}

function fieldsOfTable({ type, columns, rows }: ViewNode["tables"][number]): Field[] {
  return rows.flatMap(({ entries }) => {
    const cells = columns.map(({ id, label }) => ({ id, label, value: entries[id] ?? "" }));
    const [first, ...rest] = cells;
    // Each row of a list of properties is a field of its own, named in its first column.
    const named = type === "property-list" && first ? rest.map((cell) => ({ ...cell, label: first.value })) : rest;
    return (first ? [first, ...named] : []).map(
      ({ id, label, value }): Field => ({ kind: "table", id, name: label, value }),
    );
  });
}

interface Text {
  /** All values in lower case, a line each. */
  readonly all: string;
  fields: readonly { slug: string; text: string; field: Field }[] | null;
}

const SEPARATOR = "\n";
const texts = new WeakMap<ViewNode, Text>();

/** All values of a node in lower case; made once for each object, which is another after a change. */
export function textOf(node: ViewNode): string {
  return indexed(node).all;
}

/** The fields of a node with their names and values as they are compared. */
export function searchable(node: ViewNode): NonNullable<Text["fields"]> {
  const text = indexed(node);
  text.fields ??= fieldsOf(node).map((field) => ({ slug: slug(field.name), text: field.value.toLowerCase(), field }));
  return text.fields;
}

function indexed(node: ViewNode): Text {
  let text = texts.get(node);
  if (!text) {
    const all = fieldsOf(node)
      .map(({ value }) => value)
      .join(SEPARATOR)
      .toLowerCase();
    text = { all, fields: null };
    texts.set(node, text);
  }
  return text;
}
