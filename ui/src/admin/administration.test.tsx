import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { meIn, Refused, serve, show } from "../settings/testing";
import Administration from "./administration";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const ME = { ...meIn(), admin: true };
const FRIDA = {
  id: "f1",
  email: "frida@example.org",
  admin: false,
  created: "2026-01-01T00:00:00Z",
  disabledReason: "",
  organizations: [],
};
const ACME = {
  id: "acme",
  name: "Acme",
  created: "2026-01-01T00:00:00Z",
  members: 3,
  probeTokens: 1,
  limits: { probes: 50, reportsPerSecond: 100 },
  refusal: { access: false, upload: false, reason: "" },
  internalId: "i1",
};

describe("administration", () => {
  it("is only for who administers, and says who can help", () => {
    serve({});
    show(<Administration section="people" />, meIn());
    expect(screen.getByText(/Another administrator can make you one/)).toBeDefined();
  });

  it("shows who waits first, and approves", async () => {
    let approved = false;
    const arrived = serve({
      "GET /api/users/admin/users": ({ path }) => {
        const people =
          approved && path.includes("approved=false")
            ? []
            : [{ ...FRIDA, ...(approved && { approved: FRIDA.created }) }];
        return { people, total: people.length, nextPageToken: "" };
      },
      "POST /api/users/admin/users/f1/approve": () => {
        approved = true;
        return { person: FRIDA };
      },
    });
    show(<Administration section="people" />, ME);
    const [first] = await screen.findAllByRole("button", { name: "Approve: frida@example.org" });
    fireEvent.click(first as HTMLElement);
    await screen.findByText("Nobody waits.");
    expect(arrived.map((call) => call.path)).toEqual(["/api/users/admin/users/f1/approve"]);
    expect(screen.queryByRole("button", { name: /Approve/ })).toBeNull();
  });

  it("links the tools, and the page that has them without scripts", async () => {
    serve({ "GET /api/users/admin/tools": () => ({ tools: [{ name: "Grafana", url: "/admin/grafana/" }] }) });
    show(<Administration section="tools" />, ME);
    expect((await screen.findByRole("link", { name: "Grafana" })).getAttribute("href")).toBe("/admin/grafana/");
    expect(screen.getByRole("link", { name: /Which replica/ }).getAttribute("href")).toBe("/admin");
  });

  it("sends an organization's limits whole, and says beside an input what is wrong with it", async () => {
    const field = { "limits.reports_per_second": "must be greater than or equal to 1" };
    const arrived = serve({
      "GET /api/users/admin/orgs": () => ({ organizations: [ACME], total: 1, nextPageToken: "" }),
      "PUT /api/users/admin/orgs/acme/limits": () => new Refused(400, "INVALID_FIELD", "limits", field),
    });
    show(<Administration section="organizations" />, ME);
    fireEvent.click(await screen.findByRole("button", { name: "Limits of Acme" }));
    fireEvent.change(screen.getByLabelText("Probes that may report"), { target: { value: "" } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("must be greater than or equal to 1");
    await waitFor(() => expect(arrived[0]?.body).toEqual({ reportsPerSecond: 100 }));
  });
});
