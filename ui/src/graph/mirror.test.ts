import { expect, test } from "vitest";
import type { ViewNode } from "../api/types";
import { Flag } from "./looks";
import { Mirror } from "./mirror";
import { node } from "./testing";

/** A mirror and what it shows. */
function shown(...nodes: ViewNode[]) {
  const mirror = new Mirror();
  const all = new Map<string, ViewNode>();
  const change = (what: { add?: ViewNode[]; update?: ViewNode[]; remove?: string[]; metrics?: string[] }) => {
    for (const each of [...(what.add ?? []), ...(what.update ?? [])]) {
      all.set(each.id, each);
    }
    for (const id of what.remove ?? []) {
      all.delete(id);
    }
    const { add = [], update = [], remove = [], metrics = [] } = what;
    return mirror.apply({ add, update, remove, metrics: new Set(metrics) }, all);
  };
  change({ add: nodes });
  return { mirror, all, change, edges: () => mirror.graph.mapEdges((_, __, from, to) => `${from} ${to}`).sort() };
}

test("edges are there in whatever order their ends come", () => {
  const { edges, change } = shown(node("a", ["b", "c"]), node("b", ["a"]));
  expect(edges()).toEqual(["a b", "b a"]);
  change({ add: [node("c")] });
  expect(edges()).toEqual(["a b", "a c", "b a"]);
});

test("a node that comes back is connected to as before", () => {
  const { edges, change } = shown(node("a", ["b"]), node("b"));
  change({ remove: ["b"] });
  expect(edges()).toEqual([]);
  change({ add: [node("b")] });
  expect(edges()).toEqual(["a b"]);
});

test("nobody is connected to who changed its mind, or left, meanwhile", () => {
  const { edges, change } = shown(node("a", ["b"]), node("c", ["b"]));
  change({ update: [node("a")], remove: ["c"] });
  change({ add: [node("b")] });
  expect(edges()).toEqual([]);
});

test("an edge that is no more goes, and only that", () => {
  const { edges, change } = shown(node("a", ["b", "c"]), node("b"), node("c"));
  const touched = change({ update: [node("a", ["c"])] });
  expect(edges()).toEqual(["a c"]);
  expect(touched).toEqual({ added: [], changed: [], removed: [], joined: [], parted: true });
});

test("who connects to itself has no edge", () => {
  expect(shown(node("a", ["a"])).edges()).toEqual([]);
});

test("a change touches what it changes, and nothing else", () => {
  const { change } = shown(...Array.from({ length: 50 }, (_, at) => node(`n${at}`)));
  const touched = change({ add: [node("x", ["n1"])], update: [node("n2"), node("n3", [], { quiet: true })] });
  expect(touched.added).toEqual(["x"]);
  expect(touched.changed).toEqual(["n3"]);
  expect(touched.joined).toHaveLength(1);
});

test("nodes stay where they are when they change", () => {
  const { mirror, change } = shown(node("a"), node("b"));
  Object.assign(mirror.graph.getNodeAttributes("a"), { x: 7, y: -9 });
  change({ update: [node("a", ["b"], { shape: "square" })], remove: ["b"] });
  expect(mirror.graph.getNodeAttributes("a")).toMatchObject({ x: 7, y: -9 });
});

test("what a person did to a node outlives its changes", () => {
  const { mirror, change } = shown(node("a"));
  mirror.graph.getNodeAttributes("a").flags |= Flag.MARKED | Flag.CHOSEN;
  change({ update: [node("a", [], { quiet: true })] });
  expect(mirror.graph.getNodeAttributes("a").flags).toBe(Flag.MARKED | Flag.CHOSEN | Flag.QUIET);
});

test("new values of the metric that is shown touch its nodes, others none", () => {
  const cpu = (value: number) => [
    { id: "cpu", label: "CPU", format: "", group: "", value, priority: 1, samples: [], min: 0, max: 100 },
  ];
  const { mirror, all, change } = shown(node("a", [], { metrics: cpu(10) }), node("b"));
  all.set("a", node("a", [], { metrics: cpu(50) }));
  expect(change({ metrics: ["a", "b"] }).changed).toEqual([]);
  expect(mirror.measure("cpu", all)).toEqual(["a"]);
  all.set("a", node("a", [], { metrics: cpu(90) }));
  expect(change({ metrics: ["a", "b"] }).changed).toEqual(["a"]);
  expect(mirror.graph.getNodeAttribute("a", "fill")).toBe(230);
});

test("it is told whether connections went, for what is connected stands together", () => {
  const { change } = shown(node("a", ["b"]), node("b"), node("alone"));
  expect(change({ remove: ["alone"] }).parted).toBe(false);
  expect(change({ remove: ["b"] }).parted).toBe(true);
});
