import { Graph, layout } from "@dagrejs/dagre";
import { PITCH_X, PITCH_Y, type Point } from "./geometry";
import type { Part } from "./task";

const NODE = { width: PITCH_X * 0.8, height: PITCH_Y * 0.6 };
const BETWEEN = { nodesep: PITCH_X * 0.2, edgesep: 16, ranksep: PITCH_Y * 0.75 };

/** Where nodes are when clients stand above servers: few crossings, well aligned, but slow for more than some dozens. */
export function wellLayered(part: Part): Point[] {
  const graph = new Graph().setGraph({ rankdir: "TB", ...BETWEEN }).setDefaultEdgeLabel(() => ({}));
  for (const node of part.nodes) {
    graph.setNode(`${node}`, { ...NODE });
  }
  for (const [from, to] of part.edges) {
    graph.setEdge(`${from}`, `${to}`);
  }
  layout(graph);
  return part.nodes.map((node) => {
    const { x, y } = graph.node(`${node}`);
    return { x: x ?? 0, y: y ?? 0 };
  });
}
