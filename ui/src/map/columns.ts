// What the table has columns for: whatever any of its nodes has.
import type { ViewNode } from "../api/types";

export interface TableColumn {
  id: string;
  kind: "name" | "metric" | "parent" | "fact" | "connections" | "peers";
  /** The metric's, fact's or topology's id. */
  key: string;
  label: string;
  /** How a metric's or fact's values are read. */
  format: string;
}

/** Of what there may be much of so many columns show until somebody wants more: the service tells the important first. */
const SHOWN: Partial<Record<TableColumn["kind"], number>> = { metric: 8, fact: 4 };

const NAME: TableColumn = { id: "name", kind: "name", key: "", label: "Name", format: "" };
const CONNECTIONS: TableColumn = {
  id: "connections",
  kind: "connections",
  key: "",
  label: "Connections",
  format: "number",
};
const PEERS: TableColumn = { id: "peers", kind: "peers", key: "", label: "Connects to", format: "" };

type Ranked = TableColumn & { priority: number };

/** The columns for some nodes: name, metrics, connections, what they belong to, facts. `nameOf` calls a topology's nodes. */
export function columnsOf(nodes: readonly ViewNode[], nameOf: (topology: string) => string): TableColumn[] {
  const facts = new Map<string, Ranked>();
  const parents = new Map<string, TableColumn>();
  for (const node of nodes) {
    for (const one of node.metadata) {
      note(facts, "fact", one, one.dataType);
    }
    for (const { topologyId: key } of node.parents) {
      if (!parents.has(key)) {
        parents.set(key, { id: `parent:${key}`, kind: "parent", key, label: nameOf(key), format: "" });
      }
    }
  }
  const inTurn = [...parents.values()].sort((one, other) => one.label.localeCompare(other.label));
  return [NAME, ...metricsOf(nodes), CONNECTIONS, PEERS, ...inTurn, ...ranked(facts)];
}

/** The metrics that some nodes have, the important first. */
export function metricsOf(nodes: readonly ViewNode[]): TableColumn[] {
  const metrics = new Map<string, Ranked>();
  for (const node of nodes) {
    for (const one of node.metrics) {
      note(metrics, "metric", one, one.format);
    }
  }
  return ranked(metrics);
}

type Told = Pick<Ranked, "id" | "label" | "priority">;

function note(
  found: Map<string, Ranked>,
  kind: "fact" | "metric",
  { id, label, priority }: Told,
  format: string,
): void {
  const before = found.get(id);
  if (!before || priority < before.priority) {
    found.set(id, { id: `${kind}:${id}`, kind, key: id, label, format, priority });
  }
}

function ranked(found: Map<string, Ranked>): TableColumn[] {
  return [...found.values()]
    .sort((one, other) => one.priority - other.priority || one.label.localeCompare(other.label))
    .map(({ priority: _, ...column }) => column);
}

/** Which columns show: those a person chose, else all but the metrics and facts of least importance. */
export function visibility(
  columns: readonly TableColumn[],
  chosen: Readonly<Record<string, boolean>>,
): Record<string, boolean> {
  const before: typeof SHOWN = {};
  return Object.fromEntries(
    columns.map(({ id, kind }) => {
      const place = before[kind] ?? 0;
      before[kind] = place + 1;
      return [id, chosen[id] ?? place < (SHOWN[kind] ?? Number.POSITIVE_INFINITY)];
    }),
  );
}

/** How many nodes open connections to each node. */
export function incoming(nodes: readonly ViewNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { adjacency } of nodes) {
    for (const id of adjacency) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

/** What a fact or parent of a node says, undefined where it has none; numbers and times as numbers, to be put in order. */
export function factOf(node: ViewNode, column: TableColumn): string | number | undefined {
  if (column.kind === "parent") {
    return node.parents.find((one) => one.topologyId === column.key)?.label;
  }
  const value = node.metadata.find((one) => one.id === column.key)?.value;
  if (value === undefined || value === "") {
    return undefined;
  }
  return column.format === "number" || column.format === "duration" ? Number(value) : value;
}
