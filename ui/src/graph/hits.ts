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
  let nearest = reach;
  let found: string | null = null;
  for (const { id, at } of targets) {
    const distance = Math.hypot(at.x - x, at.y - y);
    if (distance <= nearest && !at.hidden) {
      nearest = distance;
      found = id;
    }
  }
  return found;
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
  let least = Infinity;
  let found: string | null = null;
  for (const { id, at } of targets) {
    const distance = Math.hypot(at.x - from.x, at.y - from.y);
    if (distance < least && !at.hidden) {
      least = distance;
      found = id;
    }
  }
  return found;
}
