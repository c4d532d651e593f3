import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { ME } from "../api/session";
import type { Probe, Topology } from "../api/types";
import { membership, person, refused, serve, show } from "../dashboard/testing";
import { mapOf } from "../routes";
import { Empty, NotYours, UnknownTopology } from "./empty";
import { topology } from "./testing";

afterEach(cleanup);

const probe: Probe = { hostname: "rack-7", id: "rack-7", version: "1", conflict: false, dropped: 0 };
const hosts = topology("hosts", 1, { name: "Hosts" });

function shown(probes: Probe[], one: Topology, { permissions = ["report.view"], at = "" } = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(["probes", "acme", at], probes);
  client.setQueryData(ME, { organizations: [{ id: "acme", name: "Acme", role: "viewer", permissions }] });
  const onChoose = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <Empty route={mapOf("acme", "containers", { at })} topology={one} topologies={[hosts, one]} onChoose={onChoose} />
    </QueryClientProvider>,
  );
  return onChoose;
}

test("without a probe one is added by who may, others are told who can", () => {
  shown([], topology("containers", 0), { permissions: ["report.view", "token.manage"] });
  expect(screen.getByRole("link", { name: "Add a probe" }).getAttribute("href")).toBe("#/acme/probes/add");
  cleanup();
  shown([], topology("containers", 0));
  expect(screen.queryByRole("link", { name: "Add a probe" })).toBeNull();
  expect(screen.getByText(/An administrator of this organization can add one/)).toBeTruthy();
});

test("where probes report it is said why there is nothing, and where there is something", () => {
  shown([probe], topology("containers", 0, { name: "Containers" }));
  expect(screen.getByText(/1 probe reports\. No probe sees a container/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Hosts" }).getAttribute("href")).toBe("#/acme/map/hosts");
});

test("what options leave out can be shown", async () => {
  const stats = { node_count: 0, nonpseudo_node_count: 0, edge_count: 0, filtered_nodes: 2 };
  const stopped = { id: "stopped", defaultValue: "running", options: [], selectType: "one", noneLabel: "" };
  const onChoose = shown([probe], topology("containers", 0, { stats, options: [stopped] }));
  await userEvent.click(screen.getByRole("button", { name: "Show stopped ones too" }));
  expect(onChoose).toHaveBeenCalledWith({ stopped: "both" });
});

test("a moment at which nothing was reported leads back to now", () => {
  shown([], topology("containers", 0), { at: "2026-01-02T12:00:00Z" });
  expect(screen.getByRole("link", { name: "Back to now" }).getAttribute("href")).toBe("#/acme/map/containers");
});

test("an unknown topology is named, with those that there are", () => {
  render(<UnknownTopology route={mapOf("acme", "moons")} topologies={[hosts]} />);
  expect(screen.getByText(/There is no topology “moons”/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Hosts" })).toBeTruthy();
});

test("who does not belong to an organization is told what to do", () => {
  render(<NotYours org="acme" member={false} />);
  expect(screen.getByText(/One of its administrators can invite you/)).toBeTruthy();
});

test.each([
  ["PERMISSION_DENIED", "This needs report.view.", /an administrator of it can change that/],
  ["ORGANIZATION_REFUSED", "Acme is refused access: the bill of May is not paid.", /the bill of May is not paid/],
])("who may not see the map is told why: %s", async (reason, message, words) => {
  serve(() => refused(403, reason, message));
  show(<NotYours org="acme" member />, person(membership("acme")));
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.getByRole("link", { name: "To your organizations" })).toBeTruthy();
});
