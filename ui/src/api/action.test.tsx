import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { split, useAction } from "./action";
import { CallError } from "./call";
import { makeClient } from "./client";

afterEach(cleanup);

function setUp() {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return { wrapper };
}

describe("an action", () => {
  it("is busy until what it changed was read anew, and done only then", async () => {
    let answer: ((members: string) => void) | undefined;
    const queryFn = vi
      .fn<() => Promise<string>>()
      .mockResolvedValueOnce("before")
      .mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const done = vi.fn();
    const both = () => ({
      members: useQuery({ queryKey: ["members"], queryFn }).data,
      action: useAction(async (name: string) => `made ${name}`, { refresh: [["members"]], done }),
    });
    const { result } = renderHook(both, setUp());
    await waitFor(() => expect(result.current.members).toBe("before"));

    act(() => result.current.action.run("one"));
    await waitFor(() => expect(queryFn).toHaveBeenCalledTimes(2));
    expect(result.current.action.busy).toBe(true);
    expect(done).not.toHaveBeenCalled();

    await act(async () => answer?.("now"));
    await waitFor(() => expect(result.current.action.busy).toBe(false));
    expect(done).toHaveBeenCalledWith("made one", "one");
    expect(result.current.members).toBe("now");
  });

  it("keeps why it was refused until it is done again", async () => {
    const refused = new CallError(400, "no", "LAST_ADMINISTRATOR");
    const work = vi.fn<() => Promise<string>>().mockRejectedValueOnce(refused).mockResolvedValueOnce("yes");
    const { result } = renderHook(() => useAction(work), setUp());

    act(() => result.current.run());
    await waitFor(() => expect(result.current.problem).toBe(refused));
    act(() => result.current.run());
    await waitFor(() => expect(result.current.problem).toBeNull());
  });
});

describe("what was answered", () => {
  it("is kept by what shows it alone: it may be a secret", async () => {
    const client = makeClient();
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    );
    const { result, unmount } = renderHook(() => useAction(async () => ({ token: "secret" })), { wrapper });
    act(() => result.current.run());
    await waitFor(() => expect(client.getMutationCache().getAll()[0]?.state.data).toEqual({ token: "secret" }));
    unmount();
    await waitFor(() => expect(client.getMutationCache().getAll()).toEqual([]));
  });
});

describe("a refusal", () => {
  const refused = new CallError(400, "email: must be an address", "INVALID_FIELD", { email: "must be an address" });

  it("is said beside the inputs that it is about", () => {
    expect(split(refused, ["email", "role"])).toEqual({ errors: { email: "must be an address" }, problem: null });
  });

  it("is said elsewhere where there is no such input, or nothing is wrong with one", () => {
    expect(split(refused, ["role"])).toEqual({ errors: {}, problem: refused });
    const other = new Error("away");
    expect(split(other, ["email"])).toEqual({ errors: {}, problem: other });
    const both = new CallError(400, "two are wrong", "INVALID_FIELD", { email: "no address", seats: "too many" });
    expect(split(both, ["email"])).toEqual({ errors: {}, problem: both });
  });
});
