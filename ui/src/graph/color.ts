/** How many colours nodes have, besides that of pseudo nodes: `--node-1` and on in the tokens. */
export const COLORS = 12;

/** The number of a node's colour: nodes of one rank have the same, on every page and at every visit. */
export function colorOf({ rank, label }: { rank: string; label: string }): number {
  return hash(rank || label) % COLORS;
}

/** FNV-1a, its bits mixed once more: what differs in the last letter only shall differ in colour too. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
