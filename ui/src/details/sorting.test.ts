import { expect, test } from "vitest";
import { filtered, pressed, sorted, sortKey } from "./sorting";

test("numbers by size, words as people do, and nothing last whichever way", () => {
  const same = (one: number | string | undefined) => one;
  expect(sorted([10, undefined, 9, 100], same, false)).toEqual([9, 10, 100, undefined]);
  expect(sorted([10, undefined, 9, 100], same, true)).toEqual([100, 10, 9, undefined]);
  expect(sorted(["b", "a10", "a9"], same, false)).toEqual(["a9", "a10", "b"]);
});

test("what is alike stays in its order", () => {
  const rows = [{ at: 1 }, { at: 2 }, { at: 3 }];
  expect(sorted(rows, () => 0, true)).toEqual(rows);
});

test("a title pressed again turns the order; numbers begin with the largest", () => {
  const order = { column: "name", descending: false };
  expect(pressed(order, "name", false)).toEqual({ column: "name", descending: true });
  expect(pressed(order, "count", true)).toEqual({ column: "count", descending: true });
  expect(pressed(order, "port", false)).toEqual({ column: "port", descending: false });
});

test("cells are sorted by what they say", () => {
  expect(sortKey("8080", "number")).toBe(8080);
  expect(sortKey("8080", "")).toBe("8080");
  expect(sortKey("many", "number")).toBe("many");
  expect(sortKey("", "number")).toBeUndefined();
});

test("a filter wants all its words", () => {
  const rows = ["nginx web-1 80", "redis web-1 6379"];
  const text = (row: string) => row;
  expect(filtered(rows, text, " WEB nginx")).toEqual([rows[0]]);
  expect(filtered(rows, text, "  ")).toEqual(rows);
  expect(filtered(rows, text, "nobody")).toEqual([]);
});
