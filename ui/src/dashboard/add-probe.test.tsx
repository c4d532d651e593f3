import { act, cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Membership, Probe } from "../api/types";
import AddProbe from "./add-probe";
import { membership, person, probe, serve, show } from "./testing";

const SECRET = "scope_probe_secret";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function open(place: Membership, probes: () => Probe[]) {
  const made: unknown[] = [];
  serve((request, body) => {
    if (request === "POST /api/users/tokens acme") {
      made.push(body);
      return { body: { id: "1", token: SECRET } };
    }
    return { body: request === "GET /api/users/lookup" ? person(place) : probes() };
  });
  show(<AddProbe org="acme" />, person(place));
  return made;
}

function commands(): string {
  return [...document.querySelectorAll("pre")].map((pre) => pre.textContent).join("\n");
}

test("a token is made when asked for, and then stands in the commands of every way", async () => {
  const made = open(membership("acme"), () => []);
  expect(commands()).toContain("SCOPE_SERVICE_TOKEN=TOKEN");
  expect(made).toEqual([]);

  fireEvent.click(screen.getByRole("button", { name: "Make a token" }));
  await waitFor(() => expect(commands()).toContain(SECRET));
  expect(made).toEqual([{ name: expect.stringMatching(/^probe of \d{4}-\d\d-\d\d$/), kind: "probe" }]);
  for (const way of ["systemd", "Container", "Kubernetes"]) {
    fireEvent.click(screen.getByRole("tab", { name: way }));
    expect(commands()).toContain(SECRET);
  }
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])).not.toContain(SECRET);
});

test("arrow keys go from one way to the next", () => {
  open(membership("acme"), () => []);
  fireEvent.keyDown(screen.getByRole("tab", { name: "Python" }), { key: "ArrowLeft" });
  expect(screen.getByRole("tab", { name: "Kubernetes" }).getAttribute("aria-selected")).toBe("true");
  expect(document.activeElement).toBe(screen.getByRole("tab", { name: "Kubernetes" }));
});

test("a probe that starts shows up, is announced, and leads to the map; one that was there does not", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const probes = [probe("old")];
  open(membership("acme"), () => probes);
  expect(await screen.findByText(/old reports already/)).toBeDefined();
  expect(screen.getByRole("heading", { name: "Waiting for the first report" })).toBeDefined();

  probes.push(probe("web-1", { version: "0.2.0" }));
  await act(() => vi.advanceTimersByTimeAsync(2_100));
  expect(await screen.findByText("version 0.2.0")).toBeDefined();
  expect(screen.getByText("web-1 reports")).toBeDefined();
  expect(screen.getByRole("link", { name: "To the map" }).getAttribute("href")).toBe("#/acme/map");
});

test("when nothing comes for half a minute it is said what to look at, until something does", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const probes: Probe[] = [];
  open(membership("acme"), () => probes);
  await act(() => vi.advanceTimersByTimeAsync(28_000));
  expect(screen.queryByText(/what to look at/)).toBeNull();
  await act(() => vi.advanceTimersByTimeAsync(3_000));
  expect(screen.getByText(/what to look at/)).toBeDefined();

  probes.push(probe("web-1"));
  await act(() => vi.advanceTimersByTimeAsync(2_100));
  await waitFor(() => expect(screen.queryByText(/what to look at/)).toBeNull());
});

test("who may not make tokens is told whom to ask, and sees what reports", async () => {
  open(membership("acme", "viewer"), () => []);
  expect(screen.getByText(/Ask an administrator of ACME/)).toBeDefined();
  expect(screen.queryByRole("button", { name: "Make a token" })).toBeNull();
  expect(screen.getByRole("heading", { name: "Waiting for the first report" })).toBeDefined();
});

test("an organization that is not one's own is none", () => {
  open(membership("other"), () => []);
  expect(screen.getByText("You do not belong to acme")).toBeDefined();
});
