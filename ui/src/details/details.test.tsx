import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { run } from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeClient } from "../api/client";
import type { NodeDetails } from "../api/types";
import { View } from "../live/view";
import { topology } from "../map/testing";
import { useRoute } from "../use-route";
// What the service answers about tests/data/shop.json.
import container from "./answers/container.json";
import internet from "./answers/internet.json";
import { Details } from "./details";

// A machine may be busy with much else.
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

const FRONTEND = "c-frontend;<container>";
const ON_TOP = `#/shop/map/hosts?stopped=both&open=${encodeURIComponent(`containers:${FRONTEND}`)}`;
const TOPOLOGIES = ["containers", "hosts"].map((id) => topology(id, 1, { name: id }));

/** What is answered, by the end of the path; what is not there is refused. */
let answers: Record<string, unknown>;
const asked: string[] = [];

beforeEach(() => {
  answers = { [FRONTEND]: container, "in-theinternet": internet };
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const url = new URL(path, location.href);
    const id = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
    const message = `there is no node ${id}`;
    return id in answers ? Response.json(answers[id]) : Response.json({ message, details: [] }, { status: 404 });
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  asked.length = 0;
});

function Page({ view, paused }: { view: View; paused: boolean }) {
  const route = useRoute();
  return (
    <main id="main" tabIndex={-1}>
      <a href={ON_TOP}>frontend on the map</a>
      {route.page === "map" && <Details route={route} view={view} paused={paused} topologies={TOPOLOGIES} />}
    </main>
  );
}

function show(hash: string, { paused = false } = {}) {
  location.hash = hash;
  const view = new View();
  render(
    <QueryClientProvider client={makeClient()}>
      <Page view={view} paused={paused} />
    </QueryClientProvider>,
  );
  return view;
}

const reads = () => asked.filter((path) => path.includes("c-frontend"));
const panel = () => screen.findByRole("region", { name: "frontend" });

test("a panel says what the service answers, and asks with what was chosen", async () => {
  show(ON_TOP);
  const shown = within(await panel());
  await shown.findByText("Status");
  expect(reads()).toEqual([`/api/topology/containers/${encodeURIComponent(FRONTEND)}?stopped=both`]);
  expect(shown.getByRole("heading", { level: 2 }).textContent).toBe("frontend");
  expect(shown.getAllByText("Up 3 days")).toHaveLength(2);
  expect(shown.getByText("65.0 MiB")).toBeTruthy();
  expect(shown.getByRole("img", { name: /^CPU in the last minute: from .*%, \d samples$/ })).toBeTruthy();
  expect(shown.getByRole("table", { name: /Inbound/ })).toBeTruthy();
  expect(shown.getByRole("table", { name: /Processes/ })).toBeTruthy();
  expect(shown.queryByText("Networks")).toBeNull();
  await userEvent.click(shown.getByRole("button", { name: "Show all 11 rows" }));
  expect(shown.getByText("Networks").nextSibling?.textContent).toBe("bridge");
});

test("links lead to the details of others, on top of these, and to its own map", async () => {
  show(ON_TOP);
  const shown = within(await panel());
  const parents = within(await shown.findByRole("list", { name: "Belongs to" }));
  expect(parents.getByRole("link", { name: "web-1" }).getAttribute("href")).toBe(
    `${ON_TOP.replaceAll("%20", "+")}&open=hosts%3Aweb-1%3B%3Chost%3E`,
  );
  const alone = shown.getByRole("link", { name: "Show in containers" }).getAttribute("href");
  expect(alone).toBe(ON_TOP.replace("map/hosts", "map/containers"));
});

test("nobody needs a mouse or eyes: no problem that axe finds", async () => {
  show(ON_TOP);
  await within(await panel()).findByText("Status");
  const { violations } = await run(document.body, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});

test("measurements come as the map has them", async () => {
  const view = show(ON_TOP);
  await within(await panel()).findByText("65.0 MiB");
  const node = { ...(container.node as unknown as NodeDetails), metrics: [] };
  const times = [Date.parse("2026-01-15T09:00:03Z")];
  act(() =>
    view.apply({
      nodes: new Map([[FRONTEND, node]]),
      measured: new Map(),
      blocks: [{ nodes: [FRONTEND], times, values: { docker_memory_usage: [2 ** 27] } }],
      missing: null,
    }),
  );
  expect(screen.getByText("128 MiB")).toBeTruthy();
});

function changed(view: View, node: NodeDetails | null): void {
  vi.setSystemTime(Date.now() + 10_000);
  const nodes = new Map([[FRONTEND, node]]);
  act(() => view.apply({ nodes, measured: new Map(), blocks: [], missing: null }));
}

test("when the map says that it changed it is read anew, and not while paused", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const node = container.node as unknown as NodeDetails;
  const view = show(ON_TOP);
  await within(await panel()).findByText("Status");
  answers[FRONTEND] = { node: { ...node, labelMinor: "elsewhere" } };
  changed(view, node);
  await screen.findByText("elsewhere");
  cleanup();
  asked.length = 0;
  const still = show(ON_TOP, { paused: true });
  await within(await panel()).findByText("Status");
  changed(still, node);
  await act(async () => {});
  expect(reads()).toHaveLength(1);
});

test("what is gone is said to be, and what was known of it stays", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const node = container.node as unknown as NodeDetails;
  const view = show(ON_TOP);
  await within(await panel()).findByText("Status");
  changed(view, node);
  await waitFor(() => expect(reads()).toHaveLength(2));
  delete answers[FRONTEND];
  changed(view, null);
  await screen.findByText("It is not there any more");
  expect(screen.getByText("65.0 MiB")).toBeTruthy();
  answers[FRONTEND] = { node };
  changed(view, node);
  await waitFor(() => expect(screen.queryByText("It is not there any more")).toBeNull());
});

test("what never was is said to be not there, now or then", async () => {
  show("#/shop/map/hosts?open=hosts%3Anobody");
  await screen.findByText("It is not there");
  cleanup();
  show("#/shop/map/hosts?at=2026-01-15T09%3A00%3A00Z&open=hosts%3Anobody");
  await screen.findByText("It was not there at that moment");
});

test("panels are stacked: those below are bars that come to the top, and each can be closed", async () => {
  show(`#/shop/map/hosts?open=hosts%3Ain-theinternet&open=${encodeURIComponent(`containers:${FRONTEND}`)}`);
  const bars = within(await screen.findByRole("list", { name: "Opened before" }));
  await panel();
  await userEvent.click(await bars.findByRole("link", { name: "Host The Internet" }));
  await screen.findByRole("region", { name: "The Internet" });
  expect(screen.getByText(/No probe reports it/)).toBeTruthy();
  await userEvent.click(bars.getByRole("button", { name: "Close frontend" }));
  expect(screen.queryByRole("list", { name: "Opened before" })).toBeNull();
  expect(screen.getByRole("region", { name: "The Internet" })).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("complementary")).toBeNull();
});

test("the focus goes into what is opened, and back once all is closed", async () => {
  show("#/shop/map/hosts");
  const opener = screen.getByRole("link", { name: "frontend on the map" });
  opener.focus();
  await userEvent.click(opener);
  const shown = await panel();
  await waitFor(() => expect(document.activeElement).toBe(shown));
  await userEvent.click(await within(shown).findByRole("link", { name: "Show in containers" }));
  await waitFor(() => expect(screen.queryByRole("link", { name: "Show in containers" })).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(shown));
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  await waitFor(() => expect(document.activeElement).toBe(opener));
});

test("tables are put in order by their titles, and filtered where they are long", async () => {
  const node = container.node as unknown as NodeDetails;
  const row = node.children[0]?.nodes[0];
  const nodes = Array.from({ length: 20 }, (_, pid) => ({ ...row, id: `web-1;${pid}`, label: `worker ${pid}` }));
  answers[FRONTEND] = { node: { ...node, children: [{ ...node.children[0], nodes, more: 3 }] } };
  show(ON_TOP);
  const table = await screen.findByRole("table", { name: /Processes/ });
  const names = () =>
    within(table)
      .getAllByRole("rowheader")
      .map(({ textContent }) => textContent?.split(" web")[0]);
  expect(names()).toEqual(Array.from({ length: 8 }, (_, pid) => `worker ${pid}`));
  await userEvent.click(within(table).getByRole("button", { name: "Name" }));
  expect(names()[0]).toBe("worker 19");
  expect(within(table).getByRole("columnheader", { name: "Name" }).getAttribute("aria-sort")).toBe("descending");
  await userEvent.type(within(table).getByRole("searchbox", { name: "Filter Processes" }), "worker 7");
  expect(names()).toEqual(["worker 17", "worker 7"]);
  expect(screen.getByText(/^3 more are not listed/)).toBeTruthy();
});

test("of many tables a few show at first", async () => {
  const table = { id: "", label: "", type: "multicolumn-table", columns: [], rows: [] };
  const tables = Array.from({ length: 100 }, (_, at) => ({ ...table, id: `t${at}`, label: `Odd ${at}` }));
  answers[FRONTEND] = { ...container, node: { ...container.node, tables } };
  show(ON_TOP);
  expect(await screen.findAllByRole("table", { name: /Odd/ })).toHaveLength(10);
  await userEvent.click(screen.getByRole("button", { name: /Show all 100 tables/ }));
  expect(screen.getAllByRole("table", { name: /Odd/ })).toHaveLength(100);
});

test("a table with columns called as what objects know of themselves is empty where it says nothing", async () => {
  const columns = ["constructor", "__proto__"].map((id) => ({ id, label: id, dataType: "", defaultSort: false }));
  const tables = [{ id: "t", label: "Odd", type: "multicolumn-table", columns, rows: [{ id: "1", entries: {} }] }];
  answers[FRONTEND] = { ...container, node: { ...container.node, tables } };
  show(ON_TOP);
  const table = await screen.findByRole("table", { name: /Odd/ });
  expect(within(table).getAllByRole("row")[1]?.textContent).toBe("");
});
