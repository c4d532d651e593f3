import { expect, test } from "vitest";
import { COLORS, colorOf } from "./color";
import { Flag, levelOf, lookOf } from "./looks";
import { node } from "./testing";

const cpu = {
  id: "cpu",
  label: "CPU",
  format: "percent",
  group: "",
  value: 30,
  priority: 1,
  samples: [],
  min: 0,
  max: 120,
};

test("nodes of one rank are coloured alike, whatever they are called", () => {
  expect(colorOf({ rank: "nginx", label: "a" })).toBe(colorOf({ rank: "nginx", label: "b" }));
});

test("without a rank the label decides", () => {
  expect(colorOf({ rank: "", label: "nginx" })).toBe(colorOf({ rank: "nginx", label: "other" }));
});

test("ranks that differ in a digit only use all colours", () => {
  const used = new Set(Array.from({ length: 100 }, (_, at) => colorOf({ rank: `web-${at}`, label: "" })));
  expect([...used].sort((one, other) => one - other)).toEqual([...Array(COLORS).keys()]);
});

test("a pseudo node has the colour of no rank, and a dashed line", () => {
  const { tint, flags } = lookOf(node("internet", [], { pseudo: true, shape: "cloud" }), "");
  expect(tint).toBe(COLORS);
  expect(flags & Flag.DASHED).toBeTruthy();
  expect(flags & Flag.PSEUDO).toBeTruthy();
});

test("a dotted shape is its shape with a dashed line, and an unknown one a circle", () => {
  const dotted = lookOf(node("a", [], { shape: "dottedtriangle" }), "");
  expect(dotted.shape).toBe(lookOf(node("b", [], { shape: "triangle" }), "").shape);
  expect(dotted.flags & Flag.DASHED).toBeTruthy();
  expect(lookOf(node("c", [], { shape: "klein bottle" }), "").shape).toBe(lookOf(node("d"), "").shape);
});

test("a node is filled to the level of the metric that is shown", () => {
  const busy = node("a", [], { metrics: [cpu] });
  expect(levelOf(busy, "cpu")).toBe(0.25);
  expect(levelOf(busy, "memory")).toBeNull();
  expect(levelOf(busy, "")).toBeNull();
  expect(lookOf(busy, "cpu").fill).toBe(64);
  expect(lookOf(busy, "").flags & Flag.MEASURED).toBe(0);
});

test("a level stays within the node", () => {
  expect(levelOf(node("a", [], { metrics: [{ ...cpu, value: 500 }] }), "cpu")).toBe(1);
  expect(levelOf(node("a", [], { metrics: [{ ...cpu, max: 0 }] }), "cpu")).toBe(0);
});
