// The measurements of a minute: those that details answer, and those that came with the live view since.
import type { NodeDetails } from "../api/types";
import { momentOf } from "../parts/format";

export type Metric = NodeDetails["metrics"][number];

/** A measured value; its time in milliseconds since 1970, by the probe's clock. */
export interface Point {
  time: number;
  value: number;
}

/** How long a sparkline is, in milliseconds. */
export const WINDOW = 60_000;

/** Samples of one metric in order of time, each moment once, those of the last minute before the newest. */
export function joined(
  answered: Metric["samples"],
  live: { readonly times: readonly number[]; readonly values: readonly number[] },
): Point[] {
  const values = new Map<number, number>();
  for (const { date, value } of answered) {
    const time = momentOf(date);
    if (time !== undefined) {
      values.set(time, value);
    }
  }
  for (const [index, time] of live.times.entries()) {
    values.set(time, live.values[index] ?? 0);
  }
  const points = [...values].map(([time, value]) => ({ time, value })).sort((one, other) => one.time - other.time);
  const newest = points.at(-1)?.time ?? 0;
  return points.filter(({ time }) => time >= newest - WINDOW);
}

/** The smallest and the largest value; undefined where there is none. */
export function range(points: readonly Point[]): { smallest: number; largest: number } | undefined {
  if (points.length === 0) {
    return undefined;
  }
  const values = points.map(({ value }) => value);
  return { smallest: Math.min(...values), largest: Math.max(...values) };
}

/** The line through points, and what lies below it, as SVG paths in a box of a width and height. */
export function paths(points: readonly Point[], width: number, height: number): { line: string; area: string } {
  const { smallest = 0, largest = 0 } = range(points) ?? {};
  const bottom = Math.min(0, smallest);
  // A little air above: a line that touches the edge looks cut off.
  const top = largest > bottom ? largest + (largest - bottom) * 0.1 : bottom + 1;
  const newest = points.at(-1)?.time ?? 0;
  const places = points.map(({ time, value }) => {
    const x = width * (1 - (newest - time) / WINDOW);
    return `${rounded(x)},${rounded(height * (1 - (value - bottom) / (top - bottom)))}`;
  });
  const [first] = places;
  if (first === undefined) {
    return { line: "", area: "" };
  }
  const line = `M${places.join("L")}`;
  return { line, area: `${line}L${width},${height}L${first.split(",")[0]},${height}Z` };
}

function rounded(place: number): number {
  return Math.round(place * 100) / 100;
}
