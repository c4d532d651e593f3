// What layouts are measured in: pixels at a zoom of 1, y downwards.

/** Half of a node's size. */
export const RADIUS = 26;

/** It is never drawn smaller than this many pixels. */
export const LEAST_RADIUS = 2.5;

/** How far apart neighbours in a row and rows are, so that labels have room. */
export const PITCH_X = 146;
export const PITCH_Y = 116;

/** Two nodes are at least this far apart, across or down. */
export const CLEAR_X = 88;
export const CLEAR_Y = 82;

export interface Point {
  x: number;
  y: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The smallest box around points; null where there are none. */
export function bounds(points: Iterable<Point>): Box | null {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x);
    box.bottom = Math.max(box.bottom, y);
  }
  return box.left <= box.right ? box : null;
}
