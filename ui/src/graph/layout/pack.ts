import { type Box, bounds, PITCH_X, PITCH_Y, type Point } from "./geometry";

/** Nodes with places relative to each other. */
export interface Block {
  nodes: number[];
  places: Point[];
}

/** How much wider than high a picture is. */
const ASPECT = 1.9;
const GAP = 0.4;

/**
 * Puts blocks beside each other in rows, in their order, below `top`, each row centred around x = 0.
 *
 * Returns where the last row ends.
 */
export function pack(blocks: Block[], top: number, width: number, put: (node: number, place: Point) => void): number {
  let y = top;
  for (const row of rows(blocks.map(sized), width)) {
    const length = row.reduce((sum, { wide }) => sum + wide, 0);
    let x = -length / 2;
    for (const { block, box, wide } of row) {
      const [dx, dy] = [x + PITCH_X / 2 + (GAP * PITCH_X) / 2 - box.left, y + PITCH_Y / 2 - box.top];
      block.nodes.forEach((node, at) => {
        const { x: across, y: down } = block.places[at] ?? { x: 0, y: 0 };
        put(node, { x: across + dx, y: down + dy });
      });
      x += wide;
    }
    y += Math.max(...row.map(({ high }) => high));
  }
  return y;
}

/** How wide rows should be for a picture of pleasant proportions. */
export function pleasantWidth(blocks: Block[]): number {
  const boxes = blocks.map(sized);
  const area = boxes.reduce((sum, { wide, high }) => sum + wide * high, 0);
  return boxes.reduce((most, { wide }) => Math.max(most, wide), Math.sqrt(area * ASPECT));
}

/** A block of rows as wide as pleases. */
export function grid(nodes: number[]): Block {
  const columns = Math.max(1, Math.ceil(Math.sqrt((nodes.length * ASPECT * PITCH_Y) / PITCH_X)));
  return {
    nodes,
    places: nodes.map((_, at) => ({ x: (at % columns) * PITCH_X, y: Math.floor(at / columns) * PITCH_Y })),
  };
}

interface Sized {
  block: Block;
  box: Box;
  wide: number;
  high: number;
}

function sized(block: Block): Sized {
  const box = bounds(block.places) ?? { left: 0, top: 0, right: 0, bottom: 0 };
  return {
    block,
    box,
    wide: box.right - box.left + (1 + GAP) * PITCH_X,
    high: box.bottom - box.top + (1 + GAP) * PITCH_Y,
  };
}

function rows(blocks: Sized[], width: number): Sized[][] {
  const found: Sized[][] = [];
  let left = 0;
  for (const block of blocks) {
    const row = found.at(-1);
    if (row && block.wide <= left) {
      row.push(block);
      left -= block.wide;
    } else {
      found.push([block]);
      left = width - block.wide;
    }
  }
  return found;
}
