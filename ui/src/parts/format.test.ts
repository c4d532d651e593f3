import { expect, test } from "vitest";
import { clock, counted, duration, measured, moment, told } from "./format";

test.each([
  [3.754, "percent", "3.75%"],
  [0, "percent", "0%"],
  [11.75, "percent", "11.8%"],
  [99.97, "percent", "100%"],
  [68157440, "filesize", "65.0 MiB"],
  [1536, "filesize", "1.50 KiB"],
  [1020, "filesize", "1.00 KiB"],
  [12, "filesize", "12 B"],
  [0, "filesize", "0 B"],
  [1234.6, "integer", "1,235"],
  [0.126, "", "0.13"],
  [1100, "", "1,100"],
  [12_340, "", "12.3 k"],
  [Number.NaN, "percent", "–"],
  [null, "integer", "–"],
])("%s as %s is %s", (value, format, words) => expect(measured(value, format)).toBe(words));

test("what changes a little keeps its width", () => {
  const values = [1.1, 2, 2.25, 9.99, 9.996, 55.5, 99.94];
  expect(new Set(values.map((value) => measured(value, "").length))).toEqual(new Set([4]));
});

test("durations are told by their two largest units", () => {
  expect(duration(259_200)).toBe("3 days");
  expect(duration(90_061)).toBe("1 day 1 hour");
  expect(duration(61)).toBe("1 minute 1 second");
  expect(duration(0)).toBe("0 seconds");
  expect(duration(Number.NaN)).toBe("–");
});

test("moments are told in local time, and what is none as it is", () => {
  const noon = new Date(2026, 0, 2, 12, 3, 4);
  expect(moment(noon.toISOString())).toBe("2026-01-02 12:03:04");
  expect(clock(noon)).toBe("12:03:04");
  expect(moment("soon")).toBe("soon");
});

test("facts are told by their type", () => {
  expect(told("120", "duration")).toBe("2 minutes");
  expect(told("1001", "number")).toBe("1001");
  expect(told("nginx", "")).toBe("nginx");
});

test("counts agree with their nouns", () => {
  expect([counted(0, "node"), counted(1, "node"), counted(1200, "match", "matches")]).toEqual([
    "0 nodes",
    "1 node",
    "1,200 matches",
  ]);
});
