import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ADMIN, meIn, serve, show, VIEWER } from "./testing";
import { Tokens } from "./tokens";
import { endOf } from "./tokens/expiry";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const OFFICE = {
  id: "t1",
  kind: "probe",
  name: "office",
  created: "2026-01-01T00:00:00Z",
  permissions: [],
  replacedBy: "",
};

describe("tokens", () => {
  it("show a new secret until it is copied, though the old token's row is gone, and not after", async () => {
    let tokens = [OFFICE];
    const arrived = serve({
      "GET /api/users/tokens": () => ({ tokens }),
      "POST /api/users/tokens/t1/rotate": () => {
        tokens = [{ ...OFFICE, id: "t2" }];
        return { id: "t2", token: "scope_probe_new", oldExpires: "2026-01-02T00:00:00Z" };
      },
    });
    show(<Tokens membership={ADMIN} />, meIn(ADMIN));
    fireEvent.click(await screen.findByRole("button", { name: "Rotate office" }));
    const dialog = screen.getByRole("dialog");
    fireEvent.click(within(dialog).getByLabelText(/Not at all/));
    fireEvent.click(within(dialog).getByRole("button", { name: "Rotate" }));
    expect(await within(dialog).findByText("scope_probe_new")).toBeDefined();
    expect(arrived[0]?.body).toEqual({ overlapSeconds: 0 });
    expect(dialog.textContent).toContain("The old secret no longer works.");

    fireEvent.click(within(dialog).getByRole("button", { name: "I have copied it" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.body.textContent).not.toContain("scope_probe_new");
  });

  it("are made with what was chosen of one's permissions, and with none chosen not at all", async () => {
    const arrived = serve({
      "GET /api/users/tokens": () => ({ tokens: [] }),
      "POST /api/users/tokens": () => ({ id: "t1", token: "scope_api_new" }),
    });
    show(<Tokens membership={VIEWER} />, meIn(VIEWER));
    fireEvent.click(screen.getByRole("button", { name: /Make an API token/ }));
    const dialog = within(screen.getByRole("dialog"));
    fireEvent.change(dialog.getByLabelText("Name"), { target: { value: "script" } });
    fireEvent.click(dialog.getByLabelText(/only what is chosen/));
    expect((dialog.getByRole("button", { name: "Make the token" }) as HTMLButtonElement).disabled).toBe(true);
    fireEvent.click(dialog.getByLabelText(/look at the map/));
    fireEvent.click(dialog.getByRole("button", { name: "Make the token" }));
    await dialog.findByText("scope_api_new");
    expect(arrived[0]?.body).toMatchObject({ name: "script", kind: "api", permissions: ["report.view"] });
  });

  it("of probes are not for who may not manage them", async () => {
    serve({ "GET /api/users/tokens": () => ({ tokens: [] }) });
    show(<Tokens membership={VIEWER} />, meIn(VIEWER));
    await screen.findByText("You have none here.");
    expect(screen.queryByText("Probe tokens")).toBeNull();
  });
});

describe("a token's end", () => {
  it("is so many days from now, or never", () => {
    expect(endOf(7, Date.parse("2026-01-01T00:00:00Z"))).toBe("2026-01-08T00:00:00.000Z");
    expect(endOf(0, 0)).toBeUndefined();
  });
});
