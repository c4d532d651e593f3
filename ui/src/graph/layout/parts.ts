import type { Part, Task } from "./task";

/** The connected parts, the largest first, and the nodes without edges. */
export function split(task: Task): { parts: Part[]; single: number[] } {
  const roots = joined(task);
  const parts = new Map<number, Part>();
  for (let at = 0; at < task.edges.length; at += 2) {
    const [from, to] = [task.edges[at] ?? 0, task.edges[at + 1] ?? 0];
    part(parts, root(roots, from)).edges.push([from, to]);
  }
  const single: number[] = [];
  for (let node = 0; node < task.ids.length; node++) {
    const own = parts.get(root(roots, node));
    (own ? own.nodes : single).push(node);
  }
  // Of equal size: the one with the first node. The sort is stable, but the map is in the order of edges.
  const order = [...parts.values()].sort(
    (one, other) => other.nodes.length - one.nodes.length || (one.nodes[0] ?? 0) - (other.nodes[0] ?? 0),
  );
  return { parts: order, single };
}

function joined(task: Task): Uint32Array {
  const roots = Uint32Array.from(task.ids.keys());
  for (let at = 0; at < task.edges.length; at += 2) {
    const one = root(roots, task.edges[at] ?? 0);
    const other = root(roots, task.edges[at + 1] ?? 0);
    roots[Math.max(one, other)] = Math.min(one, other);
  }
  return roots;
}

function root(roots: Uint32Array, node: number): number {
  let at = node;
  for (let up = roots[at] ?? at; up !== at; up = roots[at] ?? at) {
    roots[at] = roots[up] ?? up;
    at = up;
  }
  return at;
}

function part(parts: Map<number, Part>, key: number): Part {
  const known = parts.get(key) ?? { nodes: [], edges: [] };
  parts.set(key, known);
  return known;
}
