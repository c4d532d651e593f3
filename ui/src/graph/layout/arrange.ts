import { wellLayered } from "./dagre";
import { forced } from "./force";
import { Taken } from "./free";
import { bounds, CLEAR_X, CLEAR_Y, type Point } from "./geometry";
import { layered } from "./layers";
import { type Block, grid, pack, pleasantWidth } from "./pack";
import { split } from "./parts";
import type { Layout, Part, Task } from "./task";

/** Parts of so many nodes and edges get the best layers, as long as all of them together are not too many. */
const WELL_LAYERED = 130;
const WELL_LAYERED_IN_ALL = 500;

/** Parts of more nodes are no longer readable in layers. */
const LAYERED = 220;

/** A cloud of nodes takes so many times the room that they need. */
const ROOMY = 2.4;

/** Below this nothing is shown before it is at its best: that is quick enough. */
const AT_ONCE = 70;

/**
 * Lays everything out: connected parts beside each other, below them what has no edges, by groups.
 *
 * Yields a layout as soon as there is one and then better ones, `last` being the best; between them null, whenever it is
 * a good moment to look whether it is still wanted. The same task always gets the same layouts.
 */
export function* arrange(task: Task): Generator<Layout | null> {
  const { parts, single } = split(task);
  const blocks = parts.map((part) => ({ nodes: part.nodes, places: layered(part) }));
  const better = improvements(parts);
  if (better.some(({ slow }) => slow) || weight(parts) > AT_ONCE) {
    yield { places: assemble(task, blocks, single), last: better.length === 0 };
  }
  for (const { at, improve } of better) {
    const block = blocks[at];
    const nodes = block?.nodes ?? [];
    for (const places of improve(block?.places ?? [])) {
      blocks[at] = { nodes, places };
      yield null;
    }
    if (nodes.length > LAYERED) {
      blocks[at] = { nodes, places: apart(blocks[at]?.places ?? []) };
    }
  }
  if (better.length || weight(parts) <= AT_ONCE) {
    yield { places: assemble(task, blocks, single), last: true };
  }
}

interface Improvement {
  at: number;
  slow: boolean;
  improve: (start: Point[]) => Iterable<Point[]>;
}

function improvements(parts: Part[]): Improvement[] {
  let left = WELL_LAYERED_IN_ALL;
  return parts.flatMap((part, at): Improvement[] => {
    const size = part.nodes.length + part.edges.length;
    if (part.nodes.length > LAYERED) {
      return [{ at, slow: true, improve: (start) => forced(part, start) }];
    }
    if (part.nodes.length < 3 || size > WELL_LAYERED || size > left) {
      return [];
    }
    left -= size;
    return [{ at, slow: size > AT_ONCE, improve: () => [wellLayered(part)] }];
  });
}

function weight(parts: Part[]): number {
  return parts.reduce((sum, part) => sum + part.nodes.length + part.edges.length, 0);
}

/** No two nodes cover each other. What is far too dense grows first, so that everybody stays near its neighbours. */
function apart(places: Point[]): Point[] {
  const box = bounds(places) ?? { left: 0, top: 0, right: 0, bottom: 0 };
  const needed = places.length * CLEAR_X * CLEAR_Y * ROOMY;
  const grown = Math.max(1, Math.sqrt(needed / ((box.right - box.left) * (box.bottom - box.top) + 1)));
  const taken = new Taken();
  return places.map(({ x, y }) => taken.nearest({ x: x * grown, y: y * grown }));
}

function assemble(task: Task, blocks: Block[], single: number[]): Float32Array {
  const places = new Float32Array(task.ids.length * 2);
  const put = (node: number, { x, y }: Point) => places.set([x, y], node * 2);
  const rest = grouped(task, single);
  const width = Math.max(pleasantWidth(blocks), pleasantWidth(rest));
  pack(rest, pack(blocks, 0, width, put), width, put);
  return places;
}

/** A block for each group of several nodes, the largest first, and one for all that are alone in theirs. */
function grouped(task: Task, single: number[]): Block[] {
  const groups = new Map<string, number[]>();
  for (const node of single) {
    const group = task.groups[node] ?? "";
    const known = groups.get(group);
    if (known) {
      known.push(node);
    } else {
      groups.set(group, [node]);
    }
  }
  const several = [...groups].filter(([, nodes]) => nodes.length > 1);
  several.sort(([one, nodes], [other, others]) => others.length - nodes.length || (one < other ? -1 : 1));
  const alone = [...groups].filter(([, nodes]) => nodes.length === 1).sort(([one], [other]) => (one < other ? -1 : 1));
  const all = several.map(([, nodes]) => nodes);
  return [...all, alone.flatMap(([, nodes]) => nodes)].filter((nodes) => nodes.length).map(grid);
}
