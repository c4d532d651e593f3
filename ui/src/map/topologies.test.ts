import { expect, test } from "vitest";
import { topology } from "./testing";
import { families, find, fullName, isHidden, singular, start } from "./topologies";

const empty = { hide_if_empty: true };
const leftOut = { stats: { node_count: 0, nonpseudo_node_count: 0, edge_count: 0, filtered_nodes: 2 } };

test("what is empty is hidden, but not what options leave empty", () => {
  expect(isHidden(topology("pods", 0, empty))).toBe(true);
  expect(isHidden(topology("pods", 1, empty))).toBe(false);
  expect(isHidden(topology("pods", 0, { ...empty, ...leftOut }))).toBe(false);
  expect(isHidden(topology("hosts", 0))).toBe(false);
});

test("families come by rank, and what is looked at stays", () => {
  const list = [
    topology("pods", 0, { ...empty, rank: 3, sub_topologies: [topology("services", 0, empty)] }),
    topology("containers", 1, { rank: 2, sub_topologies: [topology("containers-by-image", 1, { name: "by image" })] }),
    topology("processes", 1, { rank: 1 }),
  ];
  const names = (current: string) =>
    families(list, current).map(({ members }) => members.map((one) => one.url.slice(14)));
  expect(names("processes")).toEqual([["processes"], ["containers", "containers-by-image"]]);
  expect(names("services")).toEqual([["processes"], ["containers", "containers-by-image"], ["services"]]);
  expect(fullName(list, "containers-by-image")).toBe("containers by image");
  expect(find(list, "nothing")).toBeUndefined();
});

test("a topology that an address makes up is called as it is", () => {
  expect(["containers", "constructor", "__proto__"].map((id) => singular([], id))).toEqual([
    "Container",
    "constructor",
    "__proto__",
  ]);
});

test("one starts where there is something", () => {
  const list = (pods: number, containers: number, processes: number) => [
    topology("containers", containers),
    topology("hosts", 1),
    topology("pods", pods, empty),
    topology("processes", processes, empty),
  ];
  expect(start(list(1, 1, 1))).toBe("pods");
  expect(start(list(0, 1, 1))).toBe("containers");
  expect(start(list(0, 0, 1))).toBe("processes");
  expect(start(list(0, 0, 0))).toBe("hosts");
  expect(start([])).toBe("");
});
