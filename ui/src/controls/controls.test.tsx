import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { run } from "axe-core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeClient } from "../api/client";
import { ME } from "../api/session";
import type { NodeControl } from "../api/types";
import { Announcements } from "../parts/announce";
import { forgetTerminals, useTerminals } from "../terminal/sessions";
import { Controls } from "./controls";

// A machine may be busy with much else.
configure({ asyncUtilTimeout: 10_000 });

const NODE = "weird;<a/b>%2F";
const DONE = {
  value: "",
  error: "",
  pipe: "",
  raw_tty: false,
  resize_tty_control: "",
  removedNode: "",
  readOnly: false,
};

/** What is answered to each call, once it shall be. */
let answer: () => Promise<Response> | Response;
let asked: { path: string; body: unknown; org: string | null }[];

beforeEach(() => {
  asked = [];
  answer = () => Response.json(DONE);
  vi.stubGlobal("fetch", (path: string, { body, headers }: { body: string; headers: Headers }) => {
    asked.push({ path, body: JSON.parse(body), org: headers.get("x-scope-org") });
    return answer();
  });
});

afterEach(() => {
  cleanup();
  forgetTerminals();
  vi.unstubAllGlobals();
});

function control(id: string, human: string, more: Partial<NodeControl> = {}): NodeControl {
  const shown = { icon: "fa fa-play", confirmation: "", rank: 0, permission: "container.restart", arguments: [] };
  return { probeId: "p1", nodeId: NODE, id, human, ...shown, ...more };
}

function Opened() {
  return <output>{JSON.stringify(useTerminals().sessions)}</output>;
}

function show(...controls: NodeControl[]) {
  const client = makeClient();
  const permissions = ["container.restart", "container.exec"];
  client.setQueryData(ME, { id: "u1", organizations: [{ id: "shop", permissions }] });
  client.setQueryDefaults(ME, { staleTime: Number.POSITIVE_INFINITY });
  const removed = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <Controls org="shop" node={{ label: "frontend", controls }} onRemoved={removed} />
      <Opened />
      <Announcements />
    </QueryClientProvider>,
  );
  return removed;
}

const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

function refused(status: number, reason: string, message: string): Response {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "scope", metadata: {} };
  return Response.json({ message, details: [info] }, { status });
}

test("those that one may are offered, in their order, and nothing where there is none", () => {
  show(control("a", "Stop", { permission: "container.stop" }), control("b", "Start"), control("c", ""));
  expect(screen.getAllByRole("button").map(({ textContent }) => textContent)).toEqual(["Start", "c"]);
  cleanup();
  show(control("a", "Stop", { permission: "container.stop" }));
  expect(screen.queryByRole("group")).toBeNull();
});

test("a press does it once, says that it is under way, and what came of it", async () => {
  let done: (response: Response) => void = () => {};
  answer = () => new Promise((resolve) => (done = resolve));
  show(control("docker_start/container", "Start"));
  await press("Start");
  expect(screen.getByRole("button", { name: "Start" }).getAttribute("aria-busy")).toBe("true");
  await press("Start");
  expect(asked).toEqual([
    { path: `/api/control/p1/${encodeURIComponent(NODE)}/docker_start%2Fcontainer`, body: {}, org: "shop" },
  ]);
  done(Response.json({ ...DONE, value: "up again" }));
  expect(await screen.findByText("up again")).toBeTruthy();
  await screen.findByText("Start: up again");
  await press("Forget what came of Start");
  expect(screen.queryByText("up again")).toBeNull();
});

test("a refusal is told in its own words, and what is not known as such", async () => {
  answer = () => refused(409, "CONTROL_REFUSED", "the engine does not answer");
  show(control("a", "Start"));
  await press("Start");
  const alert = within(await screen.findByRole("alert"));
  expect(alert.getByText("the engine does not answer")).toBeTruthy();
  expect(alert.getByText("Start: it was not done")).toBeTruthy();
  answer = () => refused(504, "TIMEOUT", "the probe did not answer in time");
  await press("Start");
  expect(await screen.findByText("Start: nobody knows whether it was done")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what asks for it is confirmed, and refused in the dialog; what was removed is told", async () => {
  answer = () => refused(409, "CONTROL_REFUSED", "it is running");
  const removed = show(control("rm", "Remove", { confirmation: "Are you sure?" }));
  await press("Remove");
  const dialog = within(screen.getByRole("dialog", { name: "Remove: frontend" }));
  expect(dialog.getByText("Are you sure?")).toBeTruthy();
  expect(asked).toEqual([]);
  await userEvent.click(dialog.getByRole("button", { name: "Remove" }));
  expect(await dialog.findByText("it is running")).toBeTruthy();
  answer = () => Response.json({ ...DONE, removedNode: NODE });
  await userEvent.click(dialog.getByRole("button", { name: "Remove" }));
  await waitFor(() => expect(removed).toHaveBeenCalledOnce());
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("what it can be told is asked for, beginning with what is usual", async () => {
  const argument = { name: "signal", label: "Signal", choices: ["TERM", "HUP"], defaultValue: "HUP" };
  const free = { name: "why", label: "Why", choices: [], defaultValue: "because" };
  show(control("process_signal", "Signal", { arguments: [argument, free] }));
  await press("Signal");
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByRole<HTMLSelectElement>("combobox", { name: "Signal" }).value).toBe("HUP");
  await userEvent.selectOptions(dialog.getByRole("combobox"), "TERM");
  await userEvent.clear(dialog.getByRole("textbox", { name: "Why" }));
  await userEvent.type(dialog.getByRole("textbox", { name: "Why" }), "now");
  const { violations } = await run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id }) => id)).toEqual([]);
  await userEvent.click(dialog.getByRole("button", { name: "Signal" }));
  await waitFor(() => expect(asked.map(({ body }) => body)).toEqual([{ signal: "TERM", why: "now" }]));
});

test("a pipe is shown as a terminal", async () => {
  answer = () => Response.json({ ...DONE, pipe: "ab", raw_tty: true, readOnly: true });
  show(control("docker_exec_container", "Exec shell", { permission: "container.exec" }));
  await press("Exec shell");
  await waitFor(() => expect(screen.getByRole("status", { name: "" }).textContent).toContain('"pipe":"ab"'));
  expect(JSON.parse(screen.getAllByRole("status")[0]?.textContent ?? "")).toMatchObject([
    { node: "frontend", label: "Exec shell", rawTty: true, readOnly: true, probeId: "p1", nodeId: NODE, received: 0 },
  ]);
});
