import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Membership } from "../api/types";
import Settings from "./settings";
import { ADMIN, meIn, Refused, ROLES, serve, show, VIEWER } from "./testing";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const ANN = { id: "a1", email: "ann@example.org", role: "admin", self: true, joined: "2026-01-01T00:00:00Z" };
const BOB = { ...ANN, id: "b2", email: "bob@example.org", role: "viewer", self: false };
const READS = { "GET /api/users/roles": () => ROLES };

function membersAre(...members: (typeof ANN)[]) {
  return { ...READS, "GET /api/users/org/members": () => ({ members, nextPageToken: "" }) };
}

function open(section: string, membership: Membership): void {
  show(<Settings org="acme" section={section} />, meIn(membership));
}

describe("settings", () => {
  it("offer what the role allows, and say of the rest what it takes and who can give it", async () => {
    serve(membersAre(ANN, BOB));
    open("audit", VIEWER);
    const offered = screen.getAllByRole("link").map((link) => link.textContent);
    expect(offered).toEqual(["General", "Members", "Tokens"]);
    expect(await screen.findByText("audit.view")).toBeDefined();
    expect((await screen.findByText(/which the role admin has/)).textContent).toContain("read the audit");
    expect(await screen.findByText(/can give you that role: ann@example.org/)).toBeDefined();
  });

  it("say so where one does not belong to the organization", () => {
    serve({});
    show(<Settings org="other" section="general" />, meIn(ADMIN));
    expect(screen.getByText("You do not belong to other")).toBeDefined();
  });
});

describe("members", () => {
  it("are shown without ways to change them to who may not", async () => {
    serve(membersAre(ANN, BOB));
    open("members", VIEWER);
    await screen.findByText("bob@example.org");
    expect(screen.queryByRole("combobox")).toBeNull();
    expect(screen.queryByRole("button", { name: /Remove/ })).toBeNull();
  });

  it("have the role that the service says, until it says another", async () => {
    let role = "viewer";
    let answer: (() => void) | undefined;
    const arrived = serve({
      ...READS,
      "GET /api/users/org/members": () => ({ members: [ANN, { ...BOB, role }], nextPageToken: "" }),
      "PUT /api/users/org/members/b2": () => new Promise((resolve) => (answer = () => resolve({ member: BOB }))),
    });
    open("members", ADMIN);
    const select = (await screen.findByLabelText("Role of bob@example.org")) as HTMLSelectElement;
    await waitFor(() => expect(select.options.length).toBe(3));
    fireEvent.change(select, { target: { value: "editor" } });
    expect(screen.getByRole("dialog").textContent).toContain("do all that viewer may, and stop containers");
    fireEvent.click(screen.getByRole("button", { name: "Make editor" }));
    await waitFor(() => expect(arrived).toHaveLength(1));
    expect(arrived[0]).toMatchObject({ org: "acme", body: { role: "editor" } });
    expect(select.value).toBe("viewer");
    role = "editor";
    answer?.();
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect((screen.getByLabelText("Role of bob@example.org") as HTMLSelectElement).value).toBe("editor");
    expect(screen.getByText("bob@example.org is editor now")).toBeDefined();
  });

  it("are kept where the service refuses to remove one, in its words", async () => {
    const words = "the organization would be left without an administrator";
    serve({
      ...membersAre(ANN, BOB),
      "DELETE /api/users/org/members/b2": () => new Refused(400, "LAST_ADMINISTRATOR", words),
    });
    open("members", ADMIN);
    fireEvent.click(await screen.findByRole("button", { name: "Remove bob@example.org" }));
    const dialog = screen.getByRole("dialog");
    fireEvent.click(within(dialog).getByRole("button", { name: "Remove" }));
    expect((await within(dialog).findByRole("alert")).textContent).toContain(words);
    expect(screen.getAllByText(/bob@example.org/).length).toBeGreaterThan(0);
  });
});

describe("invitations", () => {
  it("say beside the input what is wrong with it", async () => {
    const wrong = new Refused(400, "INVALID_FIELD", "email: must be an address", { email: "must be an address" });
    serve({
      ...READS,
      "GET /api/users/org/invitations": () => ({ invitations: [] }),
      "POST /api/users/org/invitations": () => wrong,
    });
    open("invitations", ADMIN);
    const input = screen.getByLabelText("Address");
    fireEvent.change(input, { target: { value: "nonsense" } });
    fireEvent.click(screen.getByRole("button", { name: "Invite" }));
    await screen.findByText("must be an address");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("are not offered in somebody else's name", async () => {
    serve({ ...READS, "GET /api/users/org/invitations": () => ({ invitations: [] }) });
    show(<Settings org="acme" section="invitations" />, { ...meIn(ADMIN), impersonator: "root@example.org" });
    await screen.findByText(/in whose name nobody is invited/);
    expect(screen.queryByRole("button", { name: "Invite" })).toBeNull();
  });
});

describe("deleting an organization", () => {
  it("takes its id, typed", async () => {
    const organization = { id: "acme", name: "Acme", role: "admin", permissions: [], created: "2026-01-01T00:00:00Z" };
    serve({ "GET /api/users/org": () => ({ organization }) });
    open("general", ADMIN);
    fireEvent.click(screen.getByRole("button", { name: /Delete the organization/ }));
    const confirm = screen.getByRole("button", { name: "Delete for everybody" }) as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    fireEvent.change(screen.getByLabelText(/Type its id/), { target: { value: "Acme" } });
    expect(confirm.disabled).toBe(true);
    fireEvent.change(screen.getByLabelText(/Type its id/), { target: { value: "acme" } });
    expect(confirm.disabled).toBe(false);
  });
});
