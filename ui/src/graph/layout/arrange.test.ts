import { expect, test } from "vitest";
import { task } from "../testing";
import { arrange } from "./arrange";
import { bounds, CLEAR_X, CLEAR_Y, type Point } from "./geometry";
import type { Layout, Task } from "./task";

/** Forces are slow on a machine that has much else to do. */
const PATIENCE = 60_000;

function layouts(what: Task): Layout[] {
  return [...arrange(what)].filter((layout) => layout !== null);
}

function points({ places }: Layout): Point[] {
  return Array.from({ length: places.length / 2 }, (_, at) => ({ x: places[at * 2] ?? 0, y: places[at * 2 + 1] ?? 0 }));
}

function final(what: Task): Point[] {
  const last = layouts(what).at(-1);
  return last ? points(last) : [];
}

/** How many pairs of nodes are closer than they should be. */
function overlaps(places: Point[]): number {
  return places.reduce(
    (count, one, at) =>
      count +
      places
        .slice(at + 1)
        .filter(({ x, y }) => Math.abs(x - one.x) < CLEAR_X * 0.99 && Math.abs(y - one.y) < CLEAR_Y * 0.99).length,
    0,
  );
}

const SIZES: [name: string, task: Task][] = [
  ["nothing", task(0, 0)],
  ["one node", task(1, 0)],
  ["a few", task(12, 14)],
  ["many parts", task(300, 180)],
  ["a middle-sized part", task(120, 240)],
  ["a large part", task(240, 400)],
];

test.each(SIZES)(
  "%s: all have places, none over another, and the same every time",
  (_, what) => {
    const places = final(what);
    expect(places).toHaveLength(what.ids.length);
    expect(places.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expect(overlaps(places)).toBe(0);
    expect(final(what)).toEqual(places);
  },
  PATIENCE,
);

test.each(SIZES)(
  "%s: exactly the last layout says that it is",
  (_, what) => {
    const all = layouts(what);
    expect(all.map(({ last }) => last)).toEqual(all.map((__, at) => at === all.length - 1));
    expect(all.length).toBeGreaterThan(0);
  },
  PATIENCE,
);

test("of a large part there is a first layout before the forces have worked", () => {
  const [first] = arrange(task(240, 400));
  expect(first?.last).toBe(false);
});

test("clients stand above servers", () => {
  const [web, cart, db] = final({ ids: ["a", "b", "c"], groups: ["", "", ""], edges: Uint32Array.of(0, 1, 1, 2) });
  expect(web?.y).toBeLessThan(cart?.y ?? 0);
  expect(cart?.y).toBeLessThan(db?.y ?? 0);
});

test("who goes round in circles is laid out too", () => {
  expect(overlaps(final({ ids: ["a", "b", "c"], groups: ["", "", ""], edges: Uint32Array.of(0, 1, 1, 2, 2, 0) }))).toBe(
    0,
  );
});

test("what has no edges stands below what has, its likes together", () => {
  const ids = Array.from({ length: 20 }, (_, at) => `n${at}`);
  const groups = ids.map((_, at) => (at % 2 ? "odd" : "even"));
  const places = final({ ids, groups, edges: Uint32Array.of(0, 1) });
  const connected = Math.max(places[0]?.y ?? 0, places[1]?.y ?? 0);
  expect(places.slice(2).every(({ y }) => y > connected)).toBe(true);
  const box = (group: string) => bounds(places.filter((_, at) => at > 1 && groups[at] === group));
  const [odd, even] = [box("odd"), box("even")];
  expect(
    odd && even && (odd.right < even.left || even.right < odd.left || odd.bottom < even.top || even.bottom < odd.top),
  ).toBe(true);
});
