import type { ViewNode } from "../api/types";
import { COLORS, colorOf } from "./color";

/** In the order in which the shader knows them. */
const SHAPES = [
  "circle",
  "triangle",
  "square",
  "pentagon",
  "hexagon",
  "heptagon",
  "octagon",
  "cloud",
  "cylinder",
  "sheet",
  "storagesheet",
] as const;

const DOTTED = "dotted";

/** What a node is besides its shape and colour, in bits that the shader reads. */
export const Flag = {
  STACK: 1,
  PSEUDO: 2,
  QUIET: 4,
  /** Of what one looks at: under the pointer, or a neighbour of it. */
  LIT: 8,
  /** Found by the search. */
  MARKED: 16,
  /** Its details are open. */
  CHOSEN: 32,
  /** It has a value of the chosen metric. */
  MEASURED: 64,
  DASHED: 128,
} as const;

/** What the shader is told of a node, a byte each. */
export interface Look {
  shape: number;
  flags: number;
  /** The level that it is filled to, 0 to 255. */
  fill: number;
  /** The number of its colour. */
  tint: number;
}

/** How a node looks of itself, before anybody points at it or searches. */
export function lookOf(node: ViewNode, metric: string): Look {
  const dotted = node.shape.startsWith(DOTTED);
  const known = SHAPES.indexOf((dotted ? node.shape.slice(DOTTED.length) : node.shape) as (typeof SHAPES)[number]);
  const level = levelOf(node, metric);
  const flags =
    (node.stack ? Flag.STACK : 0) |
    (node.pseudo ? Flag.PSEUDO : 0) |
    (node.quiet ? Flag.QUIET : 0) |
    (level === null ? 0 : Flag.MEASURED) |
    (dotted || node.pseudo ? Flag.DASHED : 0);
  return {
    shape: Math.max(known, 0),
    flags,
    fill: Math.round((level ?? 0) * 255),
    tint: node.pseudo ? COLORS : colorOf(node),
  };
}

/** How much of its largest value a metric has in a node, 0 to 1; null where it has none. */
export function levelOf(node: ViewNode, metric: string): number | null {
  const found = metric && node.metrics.find(({ id }) => id === metric);
  if (!found) {
    return null;
  }
  const range = found.max - found.min;
  return range > 0 ? Math.min(1, Math.max(0, (found.value - found.min) / range)) : 0;
}
