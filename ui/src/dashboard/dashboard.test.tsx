import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test } from "vitest";
import Dashboard from "./dashboard";
import { membership, NOW, person, probe, refused, serve, show } from "./testing";

beforeEach(() => {
  location.hash = "#/organizations";
});
afterEach(cleanup);

const none = { body: { invitations: [] } };

function card(name: string): Promise<HTMLElement> {
  return screen.findByRole("article", { name });
}

test("each organization says how its probes are doing, and one that cannot does not hide the others", async () => {
  const quiet = probe("web", { lastSeen: new Date(Date.parse(NOW) - 40_000).toISOString() });
  serve((request) => {
    switch (request) {
      case "GET /api/probes good":
        return { body: [probe("a"), probe("b")] };
      case "GET /api/probes quiet":
        return { body: [quiet] };
      case "GET /api/probes empty":
        return { body: [] };
      case "GET /api/probes gone":
        return { body: [] };
      case "GET /api/history gone":
        return { body: { newest: new Date(Date.parse(NOW) - 25 * 60_000).toISOString() } };
      case "GET /api/history empty":
        return { body: {} };
      case "GET /api/probes refused":
        return refused(403, "ORGANIZATION_REFUSED", "the bill of May is not paid");
      default:
        return none;
    }
  });
  show(
    <Dashboard home={false} />,
    person(...["good", "quiet", "empty", "gone", "refused"].map((id) => membership(id))),
  );

  const good = within(await card("GOOD"));
  expect(await good.findByText("2 probes on 2 hosts")).toBeDefined();
  expect(good.getByText("reporting now")).toBeDefined();
  const late = within(await card("QUIET"));
  expect(await late.findByText("last report 40 seconds ago")).toBeDefined();
  expect(late.getByText("web has gone quiet. Look at it with scope status.")).toBeDefined();
  expect(await within(await card("EMPTY")).findByText("No probe reports")).toBeDefined();
  const gone = within(await card("GONE"));
  expect(await gone.findByText("last report 25 minutes ago")).toBeDefined();
  expect(gone.getByText("All probes have gone. Look at them with scope status.")).toBeDefined();
  expect(await within(await card("REFUSED")).findByText("the bill of May is not paid")).toBeDefined();
});

test("what one may not use is not offered", async () => {
  serve((request) => (request.startsWith("GET /api/probes") ? { body: [] } : none));
  show(<Dashboard home={false} />, person(membership("ours"), membership("theirs", "viewer")));
  const ways = async (name: string) =>
    within(await card(name))
      .getAllByRole("link")
      .map((link) => link.textContent);
  expect(await ways("OURS")).toEqual(["Map", "Add a probe", "Settings"]);
  expect(await ways("THEIRS")).toEqual(["Map", "Settings"]);
  expect(await within(await card("THEIRS")).findByText(/An administrator of the organization can/)).toBeDefined();
});

test("somebody's only organization shows its map when there is something on it", async () => {
  serve((request) => (request === "GET /api/probes ours" ? { body: [probe("a")] } : none));
  show(<Dashboard home={true} />, person(membership("ours")));
  await waitFor(() => expect(location.hash).toBe("#/ours/map"));
});

test("without probes, or asked for by its address, it shows the organizations", async () => {
  serve((request) => (request === "GET /api/probes ours" ? { body: [] } : none));
  show(<Dashboard home={true} />, person(membership("ours")));
  expect(await screen.findByRole("heading", { name: "Organizations" })).toBeDefined();
  expect(location.hash).toBe("#/organizations");
});

test("who belongs nowhere yet may join where they are invited, or create an organization", async () => {
  const invitation = { id: "7", organizationName: "Acme", role: "viewer", invitedBy: "bob@example.org" };
  let left = [invitation];
  const service = serve((request) => {
    switch (request) {
      case "GET /api/users/invitations":
        return { body: { invitations: left } };
      case "POST /api/users/invitations/7/accept":
        left = [];
        return { body: {} };
      case "GET /api/users/lookup":
        return { body: person(membership("acme", "viewer")) };
      case "GET /api/users/generateOrgID":
        return { body: { id: "quiet-river-42" } };
      default:
        return { body: [] };
    }
  });
  show(<Dashboard home={false} />, person());
  expect(screen.getByText(/ask one of its administrators to invite ann@example.org/)).toBeDefined();
  expect(await screen.findByDisplayValue("quiet-river-42")).toBeDefined();
  expect(await screen.findByText(/bob@example.org invites you/)).toBeDefined();

  fireEvent.click(screen.getByRole("button", { name: "Join Acme" }));
  expect(await card("ACME")).toBeDefined();
  expect(service.mock.calls.filter(([path]) => path.endsWith("/accept"))).toHaveLength(1);
});

test("who acts as somebody neither joins nor creates under that name", async () => {
  const service = serve(() => ({ body: [] }));
  show(<Dashboard home={false} />, { ...person(membership("ours")), impersonator: "root@example.org" });
  await card("OURS");
  expect(screen.queryByRole("button", { name: /Create/ })).toBeNull();
  expect(service.mock.calls.filter(([path]) => path.includes("invitations"))).toHaveLength(0);
});

test("many organizations can be searched", async () => {
  serve((request) => (request.startsWith("GET /api/probes") ? { body: [] } : none));
  const { container } = show(
    <Dashboard home={false} />,
    person(...[...Array(20).keys()].map((at) => membership(`team-${at}`))),
  );
  expect(container.querySelectorAll("article")).toHaveLength(20);
  fireEvent.change(screen.getByLabelText("Search"), { target: { value: "Team-12" } });
  expect(container.querySelectorAll("article")).toHaveLength(1);
  expect(screen.getByText("1 of 20")).toBeDefined();
});
