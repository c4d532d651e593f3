import { PITCH_X, PITCH_Y, type Point } from "./geometry";
import type { Part } from "./task";

const SWEEPS = 4;

/** Where nodes are when clients stand above servers: quick, for the first look at a part and as where others start. */
export function layered(part: Part): Point[] {
  const graph = locally(part);
  const rows = wrapped(byLayer(layersOf(graph)), part.nodes.length);
  order(rows, graph);
  const places: Point[] = part.nodes.map(() => ({ x: 0, y: 0 }));
  rows.forEach((row, down) => {
    row.forEach((node, at) => {
      places[node] = { x: (at - (row.length - 1) / 2) * PITCH_X, y: down * PITCH_Y * 1.2 };
    });
  });
  return places;
}

interface Local {
  out: number[][];
  into: number[][];
}

/** The edges by the nodes' positions in the part. */
function locally(part: Part): Local {
  const at = new Map(part.nodes.map((node, index) => [node, index]));
  const graph: Local = { out: part.nodes.map(() => []), into: part.nodes.map(() => []) };
  for (const [from, to] of part.edges) {
    const [source, target] = [at.get(from) ?? 0, at.get(to) ?? 0];
    graph.out[source]?.push(target);
    graph.into[target]?.push(source);
  }
  return graph;
}

/** Each node's layer: below all that connect to it, but for what goes round in circles. */
function layersOf({ out, into }: Local): number[] {
  const layers = out.map(() => 0);
  const topDown = sorted({ out, into });
  const rank = new Map(topDown.map((node, at) => [node, at]));
  const forward = (from: number, to: number) => (rank.get(from) ?? 0) < (rank.get(to) ?? 0);
  for (const node of topDown) {
    for (const to of out[node] ?? []) {
      if (forward(node, to)) {
        layers[to] = Math.max(layers[to] ?? 0, (layers[node] ?? 0) + 1);
      }
    }
  }
  // Who is connected to by nobody stands right above the first that it connects to, not at the very top.
  into.forEach((sources, node) => {
    const below = (out[node] ?? []).filter((to) => forward(node, to)).map((to) => layers[to] ?? 0);
    if (!sources.length && below.length) {
      layers[node] = below.reduce((one, other) => Math.min(one, other)) - 1;
    }
  });
  return layers;
}

/** Nodes in an order in which most edges lead on: depth first from those that nobody connects to, finished last first. */
function sorted({ out, into }: Local): number[] {
  const finished: number[] = [];
  const seen = new Set<number>();
  const begin = (start: number) => {
    const stack: [number, number][] = [];
    const enter = (node: number) => {
      seen.add(node);
      stack.push([node, 0]);
    };
    enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = out[top[0]]?.[top[1]++];
      if (next === undefined) {
        finished.push(top[0]);
        stack.pop();
      } else if (!seen.has(next)) {
        enter(next);
      }
    }
  };
  const nodes = [...out.keys()];
  for (const node of [...nodes.filter((each) => !into[each]?.length), ...nodes]) {
    if (!seen.has(node)) {
      begin(node);
    }
  }
  return finished.reverse();
}

function byLayer(layers: number[]): number[][] {
  const rows: number[][] = [];
  layers.forEach((layer, node) => {
    while (rows.length <= layer) {
      rows.push([]);
    }
    rows[layer]?.push(node);
  });
  return rows;
}

/** Layers that are far too wide go over several rows. */
function wrapped(layers: number[][], nodes: number): number[][] {
  const most = Math.max(12, Math.ceil(Math.sqrt(nodes) * 1.8));
  return layers.flatMap((layer) => {
    const rows = Math.ceil(layer.length / most);
    const each = Math.ceil(layer.length / rows);
    return Array.from({ length: rows }, (_, row) => layer.slice(row * each, (row + 1) * each));
  });
}

/** Orders rows so that nodes stand near those they are connected with. */
function order(rows: number[][], { out, into }: Local): void {
  const at = new Map<number, number>();
  const note = (row: number[]) => {
    row.forEach((node, index) => {
      at.set(node, index - (row.length - 1) / 2);
    });
  };
  rows.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const wish = new Map(row.map((node) => [node, middle((down ? into : out)[node] ?? [], node, at)]));
      row.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0) || one - other);
      note(row);
    }
  }
}

function middle(near: number[], node: number, at: Map<number, number>): number {
  if (!near.length) {
    return at.get(node) ?? 0;
  }
  return near.reduce((sum, other) => sum + (at.get(other) ?? 0), 0) / near.length;
}
