// Nodes and graphs for tests.
import type { ViewNode } from "../api/types";
import type { Task } from "./layout/task";

/** A node that connects to others. */
export function node(id: string, adjacency: string[] = [], more: Partial<ViewNode> = {}): ViewNode {
  return {
    id,
    label: id,
    labelMinor: "",
    rank: "",
    shape: "circle",
    tag: "",
    stack: false,
    pseudo: false,
    quiet: false,
    metadata: [],
    parents: [],
    metrics: [],
    tables: [],
    adjacency,
    ...more,
  };
}

/** So many nodes, connected somehow but always alike. */
export function task(nodes: number, edges: number, seed = 1): Task {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pairs = new Set<string>();
  while (pairs.size < edges) {
    const [from, to] = [random(nodes), random(nodes)];
    if (from !== to) {
      pairs.add(`${from} ${to}`);
    }
  }
  const ids = Array.from({ length: nodes }, (_, at) => `n${at}`).sort();
  return {
    ids,
    groups: ids.map((_, at) => `group ${at % 5}`),
    edges: Uint32Array.from([...pairs].flatMap((pair) => pair.split(" ").map(Number))),
  };
}
