import { expect, test } from "vitest";
import { columnsOf, factOf, incoming, metricsOf, visibility } from "./columns";
import { node } from "./testing";

const fact = (id: string, priority: number, value = "x", dataType = "") => ({
  id,
  label: id.toUpperCase(),
  value,
  priority,
  dataType,
  truncate: 0,
});
const metric = (id: string, priority: number) => ({
  id,
  label: id,
  format: "percent",
  group: "",
  value: 1,
  priority,
  samples: [],
  min: 0,
  max: 100,
});

test("columns are what any node has, the important first", () => {
  const nodes = [
    node("a", { metadata: [fact("later", 9)], parents: [{ id: "h", label: "web-1", topologyId: "hosts" }] }),
    node("b", { metadata: [fact("later", 9), fact("first", 1)], metrics: [metric("memory", 2), metric("cpu", 1)] }),
  ];
  expect(columnsOf(nodes, (id) => `in ${id}`).map((one) => [one.id, one.label])).toEqual([
    ["name", "Name"],
    ["metric:cpu", "cpu"],
    ["metric:memory", "memory"],
    ["connections", "Connections"],
    ["peers", "Connects to"],
    ["parent:hosts", "in hosts"],
    ["fact:first", "FIRST"],
    ["fact:later", "LATER"],
  ]);
  expect(metricsOf(nodes).map((one) => one.key)).toEqual(["cpu", "memory"]);
});

test("facts of least importance are hidden until somebody wants them", () => {
  const columns = columnsOf([node("a", { metadata: [1, 2, 3, 4, 5].map((each) => fact(`f${each}`, each)) })], String);
  const shown = (chosen: Record<string, boolean>) => {
    const visible = visibility(columns, chosen);
    return columns.filter((one) => one.kind === "fact" && visible[one.id]).map((one) => one.key);
  };
  expect(shown({})).toEqual(["f1", "f2", "f3", "f4"]);
  expect(shown({ "fact:f1": false, "fact:f5": true })).toEqual(["f2", "f3", "f4", "f5"]);
});

test("a few of many metrics show until somebody wants more", () => {
  const metrics = Array.from({ length: 500 }, (_, at) => metric(`m${at}`, at));
  const columns = columnsOf([node("a", { metrics })], String);
  const shown = (chosen: Record<string, boolean>) => Object.values(visibility(columns, chosen)).filter(Boolean).length;
  expect(shown({})).toBe(3 + 8);
  expect(shown({ "metric:m499": true })).toBe(3 + 9);
});

test("facts are put in order by what they are", () => {
  const [one] = columnsOf([node("a", { metadata: [fact("up", 1, "90", "duration")] })], String).filter(
    ({ kind }) => kind === "fact",
  );
  const value = (text: string) => one && factOf(node("a", { metadata: [fact("up", 1, text, "duration")] }), one);
  expect([value("90"), value("")]).toEqual([90, undefined]);
});

test("connections are counted where they arrive", () => {
  const counts = incoming([node("a", { adjacency: ["b", "c"] }), node("b", { adjacency: ["c"] })]);
  expect([counts.get("a"), counts.get("b"), counts.get("c")]).toEqual([undefined, 1, 2]);
});

test("what is important to any node comes first, whatever it is called", () => {
  const nodes = [
    node("a", { metrics: [metric("a", 2), metric("b", 9), metric("z", 1)] }),
    node("b", { metrics: [metric("b", 0)] }),
  ];
  expect(metricsOf(nodes).map(({ key }) => key)).toEqual(["b", "z", "a"]);
});
