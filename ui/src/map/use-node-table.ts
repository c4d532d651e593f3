import {
  type ColumnDef,
  columnVisibilityFeature,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { ViewNode } from "../api/types";
import { factOf, type TableColumn } from "./columns";

const features = tableFeatures({
  rowSortingFeature,
  columnVisibilityFeature,
  sortedRowModel: createSortedRowModel(),
});

type Def = ColumnDef<typeof features, ViewNode>;

const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Orders what nodes say: numbers by size, words as people do. */
export function ordered(one: unknown, other: unknown): number {
  return typeof one === "number" && typeof other === "number" ? one - other : compare(String(one), String(other));
}

/** A table of nodes that sorts by any of its columns, by name at first. */
export function useNodeTable(
  nodes: readonly ViewNode[],
  columns: readonly TableColumn[],
  shown: Readonly<Record<string, boolean>>,
  arriving: ReadonlyMap<string, number>,
) {
  const [sorting, setSorting] = useState([{ id: "name", desc: false }]);
  const defs = useMemo(() => columns.map((column) => define(column, arriving)), [columns, arriving]);
  return useTable({
    features,
    columns: defs,
    data: nodes,
    getRowId: (node) => node.id,
    state: { sorting, columnVisibility: shown },
    onSortingChange: setSorting,
    enableSortingRemoval: false,
    enableMultiSort: false,
  });
}

function define(column: TableColumn, arriving: ReadonlyMap<string, number>): Def {
  return {
    id: column.id,
    header: column.label,
    accessorFn: (node) => sortedBy(node, column, arriving),
    sortFn: (one, other, id) => ordered(one.getValue(id), other.getValue(id)),
    sortUndefined: "last",
    // Of measures and counts the largest are looked for first.
    sortDescFirst: column.kind === "metric" || column.kind === "connections",
  };
}

/** What a node is put in order by in a column. */
function sortedBy(
  node: ViewNode,
  column: TableColumn,
  arriving: ReadonlyMap<string, number>,
): string | number | undefined {
  switch (column.kind) {
    case "name":
      return `${node.label} ${node.labelMinor}`;
    case "metric":
      return node.metrics.find((one) => one.id === column.key)?.value;
    case "connections":
      return node.adjacency.length + (arriving.get(node.id) ?? 0);
    case "peers":
      return node.adjacency.length;
    default:
      return factOf(node, column);
  }
}
