import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import { CLEAR_X, CLEAR_Y, PITCH_X, type Point } from "./geometry";
import type { Part } from "./task";

/** So many nodes are moved in all, whatever it takes: more nodes are moved less often. */
const MOVES = 400_000;
const FEWEST_TICKS = 40;
const MOST_TICKS = 260;

/** How many nodes are moved before others may have a look. */
const BREATH = 20_000;

/**
 * Where nodes are when those that are connected attract each other: for parts that are too large for layers.
 *
 * Yields the places as they are so far, now and then; the last are final.
 */
export function* forced(part: Part, start: Point[]): Generator<Point[]> {
  const at = new Map(part.nodes.map((node, index) => [node, index]));
  const nodes = start.map(({ x, y }) => ({ x, y }));
  const links = part.edges.map(([from, to]) => ({ source: at.get(from) ?? 0, target: at.get(to) ?? 0 }));
  const ticks = Math.round(Math.min(MOST_TICKS, Math.max(FEWEST_TICKS, MOVES / nodes.length)));
  const simulation = forceSimulation(nodes)
    .force(
      "link",
      forceLink(links)
        .distance(PITCH_X * 1.1)
        .iterations(1),
    )
    .force(
      "charge",
      forceManyBody()
        .strength(-700)
        .theta(1.2)
        .distanceMax(PITCH_X * 14),
    )
    .force("x", forceX(0).strength(0.012))
    .force("y", forceY(0).strength(0.02))
    .alphaDecay(1 - 0.001 ** (1 / ticks))
    .stop();
  const breath = Math.max(1, Math.round(BREATH / nodes.length));
  for (let tick = 1; tick <= ticks; tick++) {
    if (tick === Math.round(ticks * 0.7)) {
      simulation.force("collide", forceCollide(Math.hypot(CLEAR_X, CLEAR_Y) / 2));
    }
    simulation.tick();
    if (tick % breath === 0) {
      yield nodes;
    }
  }
  yield nodes;
}
