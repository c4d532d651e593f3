import type { Box } from "./layout/geometry";
import { CLEAR_Y, RADIUS } from "./layout/geometry";

/** Where one looks: a place of the layout in the middle of the view, and pixels for a unit of the layout. */
export interface Look {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

/**
 * Sigma's camera moves over a square of this many units, whatever is in it, so that nothing moves when the graph grows.
 * Its `ratio` is 1 where the square fits into the view.
 */
const SPAN = 4000;
export const SQUARE: { x: [number, number]; y: [number, number] } = {
  x: [-SPAN / 2, SPAN / 2],
  y: [-SPAN / 2, SPAN / 2],
};

/** One never sees less or more than this. */
export const CLOSEST = 3;
export const FARTHEST = 0.012;

/** A few nodes are not blown up to fill a large screen. */
const LARGEST_FIT = 1.1;
const MARGIN = 24;

export function toCamera({ x, y, scale }: Look, { width, height }: Size) {
  return { x: 0.5 + x / SPAN, y: 0.5 - y / SPAN, ratio: Math.min(width, height) / (scale * SPAN), angle: 0 };
}

export function fromCamera(state: { x: number; y: number; ratio: number }, { width, height }: Size): Look {
  return {
    x: (state.x - 0.5) * SPAN,
    y: (0.5 - state.y) * SPAN,
    scale: Math.min(width, height) / (state.ratio * SPAN),
  };
}

/** A look at all of a box with its labels, beside so many pixels at the right that are covered. */
export function around(box: Box | null, { width, height }: Size, covered = 0): Look {
  if (!box) {
    return { x: 0, y: 0, scale: 1 };
  }
  const wide = box.right - box.left + RADIUS * 4;
  const high = box.bottom - box.top + CLEAR_Y + RADIUS;
  const free = width - covered - MARGIN * 2;
  const scale = bounded(Math.min(free / wide, (height - MARGIN * 2) / high, LARGEST_FIT));
  return {
    x: (box.left + box.right) / 2 + covered / 2 / scale,
    y: (box.top + box.bottom) / 2 + RADIUS * 0.8,
    scale,
  };
}

/** A look that is so much closer, with the same place under a point of the view. */
export function zoomed(look: Look, by: number, at: { x: number; y: number }, { width, height }: Size): Look {
  const scale = bounded(look.scale * by);
  const [dx, dy] = [at.x - width / 2, at.y - height / 2];
  return {
    x: look.x + dx / look.scale - dx / scale,
    y: look.y + dy / look.scale - dy / scale,
    scale,
  };
}

function bounded(scale: number): number {
  return Math.min(CLOSEST, Math.max(FARTHEST, scale));
}
