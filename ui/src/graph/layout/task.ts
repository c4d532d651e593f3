// What is to be laid out, and the answer.

export interface Task {
  /** Ids in ascending order: the same nodes get the same layout in whatever order they came. */
  ids: string[];
  /** What each is grouped by where it has no edges. */
  groups: string[];
  /** Pairs of positions in `ids`: from, to. No loops, no pair twice. */
  edges: Uint32Array;
}

export interface Layout {
  /** Where each node is: x, y, x, y, ... */
  places: Float32Array;
  /** Whether nothing better follows. */
  last: boolean;
}

/** Part of a task: nodes by their position in it, and the edges among them. */
export interface Part {
  nodes: number[];
  edges: [number, number][];
}
