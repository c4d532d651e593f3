import { expect, test, vi } from "vitest";
import { local, MINUTE, marks, momentOf, moved, named, SECOND, within } from "./moments";

const newest = Date.parse("2026-01-02T12:00:00Z");
const range = { oldest: newest - 10 * MINUTE, newest };

test("a route names moments in whole seconds", () => {
  expect(named(newest + 400)).toBe("2026-01-02T12:00:00Z");
  expect([momentOf("", 5), momentOf("2026-01-02T12:00:00Z", 5)]).toEqual([5, newest]);
});

test("moves stay in what is kept, and end at now", () => {
  expect(moved("", -10 * SECOND, range)).toBe("2026-01-02T11:59:50Z");
  expect(moved("2026-01-02T11:59:50Z", MINUTE, range)).toBe("");
  expect(moved("2026-01-02T11:50:30Z", -MINUTE, range)).toBe("2026-01-02T11:50:00Z");
  expect(moved("nonsense", -MINUTE, range)).toBe("2026-01-02T11:59:00Z");
  expect(within(0, range)).toBe(range.oldest);
});

test("the first moment that is kept is not rounded to one that is not", () => {
  const odd = { oldest: range.oldest + 300, newest };
  expect(Date.parse(moved("2026-01-02T11:50:30Z", -MINUTE, odd))).toBeGreaterThanOrEqual(odd.oldest);
});

test("marks are few and round", () => {
  const found = marks(range);
  expect(found.length).toBeGreaterThan(1);
  expect(found.length).toBeLessThan(8);
  expect(found.every((one) => one % MINUTE === 0 && one >= range.oldest && one <= newest)).toBe(true);
  expect(marks({ oldest: newest, newest })).toEqual([newest]);
});

test("marks are round where one is, also where clocks are not a whole number of hours apart", () => {
  vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(-345);
  const found = marks({ oldest: newest - 240 * MINUTE, newest });
  expect(found.length).toBeGreaterThan(2);
  expect(found.map((one) => (one + 345 * MINUTE) % (60 * MINUTE))).toEqual(found.map(() => 0));
});

test("inputs of a moment have local time", () => {
  expect(new Date(local(newest)).getTime()).toBe(newest);
});
