import type { ViewNode } from "../api/types";
import { measured } from "../parts/format";
import type { Look as CameraLook, Size } from "./camera";
import type { Target } from "./hits";
import { LEAST_RADIUS, PITCH_X, RADIUS } from "./layout/geometry";
import { fitted } from "./texts";
import type { Theme } from "./theme";

interface Labelled {
  look: CameraLook;
  size: Size;
  theme: Theme;
  metric: string;
  nodes: ReadonlyMap<string, ViewNode>;
  /** Those that are labelled whatever stands there, the most important first. */
  first: readonly Target[];
  /** All, the most important first. */
  all: readonly Target[];
  /** Whether what is not among the first steps back. */
  focused: boolean;
}

/** So many labels are the most that anybody reads at once, and that can be drawn in a frame. */
const MOST = 160;

/** From these zooms on there is room for labels of all, and for their small print. */
const ALL_FROM = 0.5;
const MINOR_FROM = 0.72;

/** Where all have labels they are as wide as their columns; before, as wide as they please. */
const WIDEST = 170;

/** The farther away one is, the farther apart labels are, so that nodes are not hidden by them: pixels by zoom. */
const APART = 110;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Writes labels below nodes: as many as there is room for, without one over another. */
export function drawLabels(context: CanvasRenderingContext2D, what: Labelled): void {
  const { size, first, all } = what;
  context.textAlign = "center";
  context.textBaseline = "top";
  const written = new Written(size);
  const seen = new Set<string>();
  for (const target of first) {
    if (written.count < MOST && !seen.has(target.id)) {
      seen.add(target.id);
      draw(context, what, target, written, true);
    }
  }
  context.globalAlpha = what.focused ? 0.3 : 1;
  for (const target of all) {
    if (written.count >= MOST) {
      break;
    }
    if (!seen.has(target.id)) {
      draw(context, what, target, written, false);
    }
  }
  context.globalAlpha = 1;
}

function draw(
  context: CanvasRenderingContext2D,
  what: Labelled,
  { id, at }: Target,
  written: Written,
  always: boolean,
): void {
  const { look, size, theme } = what;
  const x = (at.x - look.x) * look.scale + size.width / 2;
  const y = (-at.y - look.y) * look.scale + size.height / 2 + Math.max(RADIUS * look.scale, LEAST_RADIUS) + 4;
  if (at.hidden || x < -WIDEST / 2 || x > size.width + WIDEST / 2 || y < -40 || y > size.height) {
    return;
  }
  const margin = Math.max(0, ALL_FROM - look.scale) * APART;
  // Of thousands most are in another's way wherever they begin and end: those need not be measured.
  if (!always && !written.free({ left: x, top: y, right: x, bottom: y }, margin)) {
    return;
  }
  const node = what.nodes.get(id);
  if (!node) {
    return;
  }
  const letters = Math.round(12 * Math.min(1.3, Math.max(1, look.scale ** 0.6)));
  const room = always || look.scale < ALL_FROM ? WIDEST : Math.max(PITCH_X * look.scale - 8, 72);
  const label = fitted(context, `500 ${letters}px ${theme.font}`, node.label, room);
  const below = always || look.scale >= MINOR_FROM ? small(node, what.metric) : "";
  const minor = fitted(context, `${letters - 1.5}px ${theme.font}`, below, room);
  const wide = Math.max(label.width, minor.width) / 2 + 3;
  const box = { left: x - wide, top: y, right: x + wide, bottom: y + letters * (minor.text ? 2.35 : 1.2) };
  if (!always && !written.free(box, margin)) {
    return;
  }
  written.take(box);
  context.fillStyle = theme.behind;
  const alpha = context.globalAlpha;
  context.globalAlpha = alpha * 0.8;
  context.fillRect(box.left, box.top, wide * 2, box.bottom - box.top);
  context.globalAlpha = alpha;
  context.font = label.font;
  context.fillStyle = theme.text;
  context.fillText(label.text, x, y + 1);
  if (minor.text) {
    context.font = minor.font;
    context.fillStyle = theme.quiet;
    context.fillText(minor.text, x, y + letters * 1.2 + 1);
  }
}

/** The small print: the value of the chosen metric, or what the service says. */
function small(node: ViewNode, metric: string): string {
  const found = metric ? node.metrics.find(({ id }) => id === metric) : undefined;
  return found ? measured(found.value, found.format) : node.labelMinor;
}

/** Where labels stand already. */
class Written {
  readonly #rows: Box[][] = [];
  count = 0;

  constructor(private readonly size: Size) {}

  /** Whether nothing stands in the room of a label, nor in a margin around it. */
  free(box: Box, margin: number): boolean {
    const [from, to] = this.#across(box.top - margin, box.bottom + margin);
    for (let row = from; row <= to; row++) {
      if (this.#rows[row]?.some((other) => crossing(box, other, margin))) {
        return false;
      }
    }
    return true;
  }

  take(box: Box): void {
    const [from, to] = this.#across(box.top, box.bottom);
    for (let row = from; row <= to; row++) {
      const here = this.#rows[row];
      if (here) {
        here.push(box);
      } else {
        this.#rows[row] = [box];
      }
    }
    this.count++;
  }

  #across(top: number, bottom: number): [number, number] {
    return [Math.floor(Math.max(0, top) / ROW), Math.floor(Math.min(this.size.height, bottom) / ROW)];
  }
}

const ROW = 48;

function crossing(one: Box, other: Box, margin: number): boolean {
  return (
    one.left - margin < other.right &&
    other.left < one.right + margin &&
    one.top - margin < other.bottom &&
    other.top < one.bottom + margin
  );
}
