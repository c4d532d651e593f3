// Which details are open, the last on top.
import type { OpenNode } from "../routes";

/** How many are shown, and kept open once another one is opened. */
export const MOST_OPEN = 8;

/** What identifies an open node. */
export function keyOf({ topology, id }: OpenNode): string {
  return `${topology}:${id}`;
}

/** What is open once a node is opened: it is on top, and there once. */
export function opened(open: readonly OpenNode[], node: OpenNode): OpenNode[] {
  return [...open.filter((one) => keyOf(one) !== keyOf(node)), node].slice(-MOST_OPEN);
}

/** What is open once one of them is closed. */
export function closed(open: readonly OpenNode[], index: number): OpenNode[] {
  return open.filter((_, place) => place !== index);
}
