import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { mapOf } from "../routes";
import { ConnectionState, missingWords, stateWords } from "./connection-state";
import { sameMetric } from "./kept-metric";
import { LeftOut } from "./left-out";
import { cycled } from "./metric-picker";
import { OptionGroups } from "./option-groups";
import { topology } from "./testing";
import { TopologyBar } from "./topology-bar";
import { displayOf } from "./use-display";
import { stepped } from "./use-found";

afterEach(cleanup);

const option = (value: string) => ({ value, label: `${value} ones` });
const stopped = {
  id: "stopped",
  defaultValue: "running",
  options: ["stopped", "running", "both"].map(option),
  selectType: "one",
  noneLabel: "",
};
const pseudo = {
  id: "pseudo",
  defaultValue: "hide",
  options: ["show", "hide"].map(option),
  selectType: "one",
  noneLabel: "",
};
const containers = topology("containers", 2, {
  options: [stopped, pseudo],
  stats: { node_count: 2, nonpseudo_node_count: 2, edge_count: 1, filtered_nodes: 3 },
});

test("the bar links to topologies, marks the current one, and counts matches", () => {
  const hosts = topology("hosts", 1, { rank: 4 });
  render(
    <TopologyBar
      topologies={[hosts, containers]}
      route={mapOf("acme", "hosts", { metric: "load1" })}
      matches={new Map([["containers", 2]])}
    />,
  );
  const [first, second] = screen.getAllByRole("link");
  expect(first?.getAttribute("href")).toBe("#/acme/map/containers?metric=load1");
  expect(first?.textContent).toContain("matching: 2");
  expect(second?.getAttribute("aria-current")).toBe("page");
});

test("options are chosen by select and checkbox", async () => {
  const onChoose = vi.fn();
  render(<OptionGroups topology={containers} chosen={{ stopped: "both" }} onChoose={onChoose} />);
  await userEvent.click(screen.getByRole("checkbox", { name: "show ones" }));
  await userEvent.selectOptions(screen.getByRole("combobox"), "running");
  expect(onChoose.mock.calls).toEqual([[{ stopped: "both", pseudo: "show" }], [{}]]);
});

test("what is left out is counted, and can be shown", async () => {
  const onChoose = vi.fn();
  render(<LeftOut topology={containers} chosen={{}} onChoose={onChoose} />);
  expect(screen.getByText("3 left out")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Show stopped ones too" }));
  expect(onChoose).toHaveBeenCalledWith({ stopped: "both" });
});

const nothing = { quietProbes: [], quietProbeCount: 0, droppedReports: 0, unusableReports: 0, limits: [] };

test("the connection is told in words", () => {
  const noon = new Date(2026, 0, 2, 12, 0, 0);
  const words = (connection: "live" | "paused" | "reconnecting" | "past") =>
    stateWords(connection, noon.toISOString(), noon.getTime());
  expect([words("live"), words("paused"), words("reconnecting"), words("past")]).toEqual([
    "Live",
    "Paused",
    "Reconnecting since 12:00:00",
    "As at 2026-01-02 12:00:00",
  ]);
});

test("how many changes wait is shown, and not read out with each of them", () => {
  const live = { connection: "paused", missing: nothing, waiting: 2 } as unknown as Parameters<
    typeof ConnectionState
  >[0]["live"];
  render(<ConnectionState live={live} at="" paused onPause={() => {}} />);
  expect(screen.getByText("2 changes waiting")).toBeTruthy();
  expect(screen.getByRole("status").textContent).toBe("Paused");
});

test("what is missing is told, a sentence each", () => {
  expect(missingWords(nothing)).toEqual([]);
  const words = missingWords({
    ...nothing,
    quietProbes: ["rack-7"],
    quietProbeCount: 2,
    droppedReports: 1,
    limits: ["Too many edges."],
  });
  expect(words).toHaveLength(3);
  expect(words[0]).toContain("2 probes not heard of lately: rack-7, 1 more.");
});

test("a past moment cannot be paused", () => {
  const live = { connection: "past", missing: { ...nothing, droppedReports: 1 }, waiting: 0 } as unknown as Parameters<
    typeof ConnectionState
  >[0]["live"];
  render(<ConnectionState live={live} at="2026-01-02T12:00:00Z" paused={false} onPause={() => {}} />);
  expect(screen.queryByRole("button", { name: "Pause" })).toBeNull();
  expect(screen.getByRole("button", { name: "Incomplete" })).toBeTruthy();
});

test("metrics and matches go around", () => {
  const metrics = ["cpu", "memory"].map((key) => ({ id: key, kind: "metric" as const, key, label: key, format: "" }));
  expect([
    cycled(metrics, "", 1),
    cycled(metrics, "cpu", 1),
    cycled(metrics, "memory", 1),
    cycled(metrics, "cpu", -1),
    cycled([], "", 1),
  ]).toEqual(["cpu", "memory", "cpu", "memory", ""]);
  expect([
    stepped(["a", "b"], "", 1),
    stepped(["a", "b"], "b", 1),
    stepped(["a", "b"], "", -1),
    stepped([], "a", 1),
  ]).toEqual(["a", "a", "b", ""]);
});

test("what is pinned is what another topology calls the same, and nothing where it measures no such thing", () => {
  const metrics = [
    { id: "metric:m2", kind: "metric" as const, key: "m2", label: "CPU", format: "" },
    { id: "metric:m1", kind: "metric" as const, key: "m1", label: "Memory", format: "" },
  ];
  expect(sameMetric(metrics, "m1", "CPU")).toBe("m1");
  expect(sameMetric(metrics, "host_cpu", "CPU")).toBe("m2");
  expect(sameMetric(metrics, "load1", "Load")).toBe("");
  expect(sameMetric(metrics, "", "CPU")).toBe("");
});

test("what is large is shown as a table, and so is everything without WebGL", () => {
  const stats = (node_count: number, edge_count: number) => ({
    node_count,
    edge_count,
    nonpseudo_node_count: 0,
    filtered_nodes: 0,
  });
  expect([displayOf(stats(500, 500), true), displayOf(stats(501, 500), true), displayOf(stats(1, 1), false)]).toEqual([
    "graph",
    "table",
    "table",
  ]);
});
