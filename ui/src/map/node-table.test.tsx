import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ViewNode } from "../api/types";
import { NodeTable } from "./node-table";
import { node, topology } from "./testing";
import { target } from "./use-rows";

const cpu = (value: number) => ({
  id: "cpu",
  label: "CPU",
  format: "percent",
  group: "",
  value,
  priority: 1,
  samples: [],
  min: 0,
  max: 100,
});
const host = { id: "h;<host>", label: "web-1", topologyId: "hosts" };
const nodes = [
  node("b", { label: "web-10", metrics: [cpu(5)], adjacency: ["a"], quiet: true }),
  node("a", { label: "web-9", labelMinor: "small", metrics: [cpu(50)], parents: [host] }),
];

beforeEach(() => {
  localStorage.clear();
  // A window without layout has no height of its own.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
});
afterEach(cleanup);

function shown(some: readonly ViewNode[] = nodes, marks: ReadonlySet<string> | null = null) {
  const onOpen = vi.fn();
  const byId = new Map(some.map((one) => [one.id, one]));
  const props = {
    topology: "processes",
    topologies: [topology("hosts", 1)],
    nodes: some,
    byId,
    marks,
    chosen: "",
    onOpen,
  };
  render(<NodeTable {...props} />);
  return onOpen;
}

function names(): string[] {
  return screen.getAllByRole("rowheader").map((one) => within(one).getByRole("button").textContent ?? "");
}

test("rows are in order of their names, as people count", () => {
  shown();
  expect(names()).toEqual(["web-9 small", "web-10 "]);
  expect(screen.getByRole("columnheader", { name: /Name/ }).getAttribute("aria-sort")).toBe("ascending");
  expect(screen.getByRole("row", { name: /web-10/ }).textContent).toContain("quiet");
});

test("a press on a header sorts by it, measures with the largest first", async () => {
  shown();
  await userEvent.click(screen.getByRole("button", { name: "CPU" }));
  expect(names()).toEqual(["web-9 small", "web-10 "]);
  await userEvent.click(screen.getByRole("button", { name: /CPU/ }));
  expect(names()).toEqual(["web-10 ", "web-9 small"]);
  expect(screen.getByRole("columnheader", { name: /CPU/ }).getAttribute("aria-sort")).toBe("ascending");
});

test("names open details, and so do what a node belongs and connects to", async () => {
  const onOpen = shown();
  await userEvent.click(screen.getByRole("button", { name: "web-1" }));
  await userEvent.click(screen.getByRole("button", { name: "web-9" }));
  await userEvent.click(screen.getByRole("button", { name: "web-10" }));
  expect(onOpen.mock.calls).toEqual([
    ["hosts", "h;<host>"],
    ["processes", "a"],
    ["processes", "b"],
  ]);
});

test("arrows move from row to row, and Tab stops in one of them only", async () => {
  shown();
  const buttons = () => screen.getAllByRole("rowheader").map((one) => within(one).getByRole("button"));
  expect(buttons().map((one) => one.tabIndex)).toEqual([0, -1]);
  buttons()[0]?.focus();
  await userEvent.keyboard("{ArrowDown}");
  await vi.waitFor(() => expect(document.activeElement).toBe(buttons()[1]));
  expect(buttons().map((one) => one.tabIndex)).toEqual([-1, 0]);
});

test("what does not match is left out, and it is said how much", () => {
  shown(nodes, new Set(["a"]));
  expect(names()).toEqual(["web-9 small"]);
  expect(screen.getByRole("status").textContent).toBe("1 of 2 nodes match");
});

test("of many nodes only those in sight are drawn, and all are counted", () => {
  shown(Array.from({ length: 3000 }, (_, index) => node(`n${index}`)));
  expect(screen.getAllByRole("rowheader").length).toBeLessThan(100);
  expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("3001");
});

test("keys lead no farther than the ends", () => {
  expect([target("ArrowUp", 0, 5), target("PageDown", 2, 5), target("End", 0, 5), target("x", 0, 5)]).toEqual([
    0,
    5,
    5,
    null,
  ]);
});

test("a row stays what it is when others come before it: what is drawn is not drawn again", () => {
  const table = (some: readonly ViewNode[]) => (
    <NodeTable
      topology="processes"
      topologies={[]}
      nodes={some}
      byId={new Map()}
      marks={null}
      chosen=""
      onOpen={() => {}}
    />
  );
  const { rerender } = render(table(nodes));
  const row = screen.getByRole("row", { name: /web-10/ });
  rerender(table([...nodes, node("c", { label: "a" })]));
  expect(names()[0]).toBe("a ");
  expect(screen.getByRole("row", { name: /web-10/ })).toBe(row);
});
