import { expect, test } from "vitest";
import { choose, chosenIn, type Group, isSwitch, toggle, unionWords, widenings } from "./options";
import { topology } from "./testing";

const group = (id: string, defaultValue: string, values: string[], selectType = "one"): Group => ({
  id,
  defaultValue,
  options: values.map((value) => ({ value, label: value.toUpperCase() })),
  selectType,
  noneLabel: "All",
});
const stopped = group("stopped", "running", ["stopped", "running", "both"]);
const namespace = group("namespace", "", ["a", "b", "c"], "union");

test("a default is not written down", () => {
  expect(choose(stopped, "both", { system: "all" })).toEqual({ system: "all", stopped: "both" });
  expect(choose(stopped, "running", { system: "all", stopped: "both" })).toEqual({ system: "all" });
  expect([chosenIn(stopped, {}), chosenIn(stopped, { stopped: "both" })]).toEqual(["running", "both"]);
});

test("of some groups several are chosen", () => {
  const two = toggle(namespace, "a", toggle(namespace, "b", {}));
  expect(two).toEqual({ namespace: "a,b" });
  expect([unionWords(namespace, {}), unionWords(namespace, { namespace: "b" }), unionWords(namespace, two)]).toEqual([
    "All",
    "B",
    "A and 1 more",
  ]);
  expect(toggle(namespace, "a", toggle(namespace, "b", two))).toEqual({});
});

test("a group that only shows or hides is a switch", () => {
  expect([isSwitch(group("pseudo", "hide", ["show", "hide"])), isSwitch(stopped)]).toEqual([true, false]);
});

test("what leaves something out can be undone", () => {
  const containers = topology("containers", 1, {
    options: [stopped, namespace, group("pseudo", "hide", ["show", "hide"])],
  });
  expect(widenings(containers, {}).map(({ chosen }) => chosen)).toEqual([{ stopped: "both" }]);
  expect(widenings(containers, { stopped: "both", namespace: "a" }).map(({ chosen }) => chosen)).toEqual([
    { stopped: "both" },
  ]);
  expect(widenings(containers, { stopped: "both" })).toEqual([]);
});
