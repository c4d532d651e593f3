import { expect, test } from "vitest";
import { joined, paths, range, WINDOW } from "./samples";

const NONE = { times: [], values: [] };
const START = Date.parse("2026-01-15T09:00:00Z");
const sample = (second: number, value: number) => ({ date: new Date(START + second * 1000).toISOString(), value });

test("what came since is put behind what was answered, each moment once", () => {
  const answered = [sample(0, 1), sample(3, 2), sample(3, 2)];
  const live = { times: [START + 3000, START + 6000], values: [2.5, 3] };
  expect(joined(answered, live)).toEqual([
    { time: START, value: 1 },
    { time: START + 3000, value: 2.5 },
    { time: START + 6000, value: 3 },
  ]);
});

test("only the minute before the newest is kept, whatever time it is here", () => {
  const points = joined([sample(-1, 9), sample(0, 1), sample(60, 2)], NONE);
  expect(points.map(({ value }) => value)).toEqual([1, 2]);
});

test("the smallest and the largest", () => {
  expect(range([])).toBeUndefined();
  expect(range(joined([sample(0, 3), sample(1, -1), sample(2, 2)], NONE))).toEqual({ smallest: -1, largest: 3 });
});

test("the newest is at the right, a minute ago at the left, and nothing at the bottom", () => {
  const points = joined([sample(0, 0), sample(WINDOW / 2000, 10), sample(WINDOW / 1000, 0)], NONE);
  expect(paths(points, 100, 11)).toEqual({ line: "M0,11L50,1L100,11", area: "M0,11L50,1L100,11L100,11L0,11Z" });
});

test("what is nothing all the time lies at the bottom, and nothing at all is no line", () => {
  expect(paths(joined([sample(0, 0), sample(60, 0)], NONE), 10, 5).line).toBe("M0,5L10,5");
  expect(paths([], 10, 5)).toEqual({ line: "", area: "" });
});

test("what is below nothing is shown too", () => {
  expect(paths(joined([sample(0, -10), sample(60, 0)], NONE), 10, 11).line).toBe("M0,11L10,1");
});
