import { act, cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { useMe } from "../api/session";
import { meIn, serve, show } from "../settings/testing";
import { Acting } from "./acting";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const ADMINISTRATOR = { ...meIn(), email: "root@example.org", admin: true };

function Banner() {
  const me = useMe();
  return me?.impersonator ? <Acting me={me} /> : <p>{me?.email} alone</p>;
}

function actingUntil(ends: number) {
  return { ...meIn(), impersonator: "root@example.org", impersonationEnds: new Date(ends).toISOString() };
}

function actUntil(ends: number) {
  return show(<Banner />, actingUntil(ends));
}

describe("acting as somebody else", () => {
  it("says who is who and for how long, and ends when that is asked for", async () => {
    const arrived = serve({
      "POST /api/users/impersonation/end": () => ({}),
      "GET /api/users/lookup": () => ADMINISTRATOR,
    });
    actUntil(Date.now() + 15 * 60_000);
    const banner = screen.getByLabelText("Acting as somebody else").textContent;
    expect(banner).toMatch(/root@example.org, you act as ann@example.org until \d\d:\d\d \(15 minutes left\)/);
    fireEvent.click(screen.getByRole("button", { name: "End" }));
    await screen.findByText("root@example.org alone");
    expect(arrived).toHaveLength(1);
    await waitFor(() => expect(location.hash).toBe("#/admin/people"));
  });

  it("ends by itself when the time is over", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const ends = Date.now() + 60_000;
    serve({ "GET /api/users/lookup": () => (Date.now() < ends ? actingUntil(ends) : ADMINISTRATOR) });
    actUntil(ends);
    await act(() => vi.advanceTimersByTimeAsync(55_000));
    expect(screen.queryByText("root@example.org alone")).toBeNull();
    await act(() => vi.advanceTimersByTimeAsync(10_000));
    await screen.findByText("root@example.org alone");
  });
});
