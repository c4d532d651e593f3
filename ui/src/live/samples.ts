import type { MetricBlock } from "./event";

/** Measurements of one metric of one node, oldest first. */
export interface Series {
  /** Milliseconds since 1970, by the probe's clock. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

interface Row {
  times: number[];
  values: number[];
}

/** How long samples are kept, in milliseconds before the newest of their series. */
export const KEPT = 60_000;
/** At most so many samples of a series, whatever their times. */
export const MOST = 240;
/** At most so many series of a node, as many as a report may have: those that came first are forgotten. */
const METRICS = 500;

const NONE: Series = { times: [], values: [] };

/** The measurements of the last minute by node and metric. */
export class Samples {
  readonly #rows = new Map<string, Map<string, Row>>();

  /** Those of one metric; none where it was not measured. */
  of(node: string, metric: string): Series {
    return this.#rows.get(node)?.get(metric) ?? NONE;
  }

  /** Takes in those of one node of a block; answers whether there were any. */
  take(block: MetricBlock, index: number, node: string): boolean {
    const count = block.times.length;
    let any = false;
    for (const [metric, column] of Object.entries(block.values)) {
      for (let at = 0; at < count; at++) {
        const value = column[index * count + at];
        const time = block.times[at];
        if (typeof value === "number" && time !== undefined) {
          put(this.#row(node, metric), time, value);
          any = true;
        }
      }
    }
    return any;
  }

  /** Forgets those of a node. */
  forget(node: string): void {
    this.#rows.delete(node);
  }

  #row(node: string, metric: string): Row {
    let rows = this.#rows.get(node);
    if (!rows) {
      rows = new Map();
      this.#rows.set(node, rows);
    }
    let row = rows.get(metric);
    if (!row) {
      row = { times: [], values: [] };
      rows.set(metric, row);
      if (rows.size > METRICS) {
        const [first] = rows.keys();
        rows.delete(first ?? metric);
      }
    }
    return row;
  }
}

/** Puts a sample where its time says: blocks may come twice, and probes' clocks differ. */
function put({ times, values }: Row, time: number, value: number): void {
  let at = times.length;
  while (at > 0 && (times[at - 1] ?? 0) >= time) {
    at--;
  }
  times.splice(at, times[at] === time ? 1 : 0, time);
  values.splice(at, values.length === times.length ? 1 : 0, value);
  const newest = times[times.length - 1] ?? time;
  let old = Math.max(0, times.length - MOST);
  while ((times[old] ?? newest) < newest - KEPT) {
    old++;
  }
  if (old > 0) {
    times.splice(0, old);
    values.splice(0, old);
  }
}
