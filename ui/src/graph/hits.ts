import { LEAST_RADIUS, RADIUS } from "./layout/geometry";

/** A node as it can be pointed at, in the coordinates of Sigma. */
export interface Target {
  id: string;
  at: { x: number; y: number; hidden: boolean };
}

/** How far beside a node one may point, in pixels. */
const SLACK = 3;

/** The node at a place: of several the nearest. `scale` in pixels for a unit. */
export function hit(targets: readonly Target[], x: number, y: number, scale: number): string | null {
  const reach = (Math.max(RADIUS * scale, LEAST_RADIUS) + SLACK) / scale;
  return within(targets, x, y, reach);
}

/** The next node from a place in a direction (of length 1): near, and not far aside; null where there is none. */
export function next(
  targets: readonly Target[],
  from: { x: number; y: number },
  dx: number,
  dy: number,
): string | null {
  let least = Infinity;
  let found: string | null = null;
  for (const { id, at } of targets) {
    const [x, y] = [at.x - from.x, at.y - from.y];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    const cost = along + aside * 2;
    if (along > 1 && aside <= along * 1.8 && cost < least && !at.hidden) {
      least = cost;
      found = id;
    }
  }
  return found;
}

/** The node that is nearest to a place. */
export function nearest(targets: readonly Target[], from: { x: number; y: number }): string | null {
  return within(targets, from.x, from.y, Infinity);
}

/** The node that is nearest to a place, and not farther away than that. Roots would cost more than all the rest. */
function within(targets: readonly Target[], x: number, y: number, reach: number): string | null {
  let least = reach ** 2;
  let found: string | null = null;
  for (const { id, at } of targets) {
    const square = (at.x - x) ** 2 + (at.y - y) ** 2;
    if (square <= least && !at.hidden) {
      least = square;
      found = id;
    }
  }
  return found;
}
