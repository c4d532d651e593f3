import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { type ReactNode, StrictMode, Suspense } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ME, SIGNED_OUT_WORDS } from "../api/session";
import type { Me } from "../api/types";
import { Hub, PATIENCE } from "./hub";
import type { Ask, Tell } from "./protocol";
import { change, nodeOf, type Request, Service } from "./testing";
import { useVersion, useView } from "./use-view";

const NOBODY_ELSE: Me = { id: "ann", email: "ann@example.org", admin: false, organizations: [], impersonator: "" };
const DEADLINE = { timeout: 5_000, interval: 5 };

let service: Service;
let hub: Hub;
let client: QueryClient;
let seen: DocumentVisibilityState;

beforeEach(async () => {
  service = new Service();
  await service.start();
  hub = new Hub({ ...PATIENCE, retry: 10, grace: 0 });
  client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(ME, NOBODY_ELSE);
  seen = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => seen);
  vi.stubGlobal("SharedWorker", InThread);
});

afterEach(async () => {
  cleanup();
  await vi.waitFor(() => service.requests.forEach(left), DEADLINE);
  vi.unstubAllGlobals();
  service.stop();
});

/** To be waited for: the other end of a request has left. */
function left(request: Request): void {
  hub.review();
  expect(request.left).toBe(true);
}

/** A shared worker in the test's own thread. */
class InThread {
  readonly port: { postMessage(ask: Ask): void; close(): void; onmessage: ((event: { data: Tell }) => void) | null };

  constructor() {
    const worker = {
      postMessage: (data: Tell) => queueMicrotask(() => this.port.onmessage?.({ data })),
      onmessage: null as Listener | null,
    };
    this.port = {
      postMessage: (data) => queueMicrotask(() => worker.onmessage?.({ data } as MessageEvent<Ask>)),
      close: () => {},
      onmessage: null,
    };
    hub.join(worker);
  }
}

type Listener = (event: MessageEvent<Ask>) => void;

interface Props {
  topology?: string;
  stopped?: string;
  at?: string;
  paused?: boolean;
}

function shown(initial: Props = {}) {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <StrictMode>
      <QueryClientProvider client={client}>
        <Suspense>{children}</Suspense>
      </QueryClientProvider>
    </StrictMode>
  );
  return renderHook(
    ({ topology = "hosts", stopped = "", at = "", paused = false }: Props) => {
      const live = useView({ org: "acme", topology, options: { stopped }, at }, paused);
      useVersion(live.view);
      return { ...live, ids: [...live.view.nodes.keys()] };
    },
    { wrapper, initialProps: initial },
  );
}

type Shown = ReturnType<typeof shown>["result"];

function request(index: number): Promise<Request> {
  return vi.waitFor(() => service.requests[index] ?? Promise.reject(new Error("no request")), DEADLINE);
}

function becomes(result: Shown, connection: string, ...ids: string[]): Promise<void> {
  return waitFor(
    () => expect([result.current.connection, ...result.current.ids]).toEqual([connection, ...ids]),
    DEADLINE,
  );
}

async function streamed(index: number, ...ids: string[]): Promise<Request> {
  const stream = await request(index);
  stream.open();
  stream.event("reset", change({ add: ids.map((id) => nodeOf(id)) }), `c${index}`);
  return stream;
}

describe("a page", () => {
  it("shows what there is, and what changes, by one stream", async () => {
    const { result, unmount } = shown();
    expect([result.current.connection, result.current.heard]).toEqual(["connecting", false]);
    const stream = await streamed(0, "a");
    await becomes(result, "live", "a");
    expect(result.current.heard).toBe(true);
    stream.event(
      "update",
      change({ add: [nodeOf("b")], missing: { ...result.current.missing, quietProbeCount: 1 } }),
      "c9",
    );
    await becomes(result, "live", "a", "b");
    expect(result.current.missing.quietProbeCount).toBe(1);
    expect(service.requests.length).toBe(1);
    unmount();
    await vi.waitFor(() => left(stream), DEADLINE);
  });

  it("renders a few times a second however much changes", async () => {
    const { result } = shown();
    const stream = await streamed(0, "a");
    await becomes(result, "live", "a");
    const from = result.current.view.version;
    const began = performance.now();
    for (let number = 0; number < 100; number++) {
      stream.event("update", change({ update: [nodeOf("a", { label: `${number}` })] }), `${number}`);
      await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
    }
    await waitFor(() => expect(result.current.view.nodes.get("a")?.label).toBe("99"), DEADLINE);
    expect(result.current.view.version - from).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 250) + 1);
  });

  it("stands still while paused, counts what waits, and shows it then", async () => {
    const { result, rerender } = shown();
    const stream = await streamed(0, "a", "b");
    await becomes(result, "live", "a", "b");
    rerender({ paused: true });
    stream.event("update", change({ add: [nodeOf("c")], remove: ["a"] }), "c2");
    await waitFor(() => expect(result.current.waiting).toBe(2), DEADLINE);
    await becomes(result, "paused", "a", "b");
    rerender({ paused: false });
    await becomes(result, "live", "b", "c");
    expect(result.current.waiting).toBe(0);
  });

  it("shows what other options leave although it is paused, and stands still then", async () => {
    const { result, rerender } = shown();
    const first = await streamed(0, "a", "b");
    await becomes(result, "live", "a", "b");
    rerender({ paused: true });
    first.event("update", change({ remove: ["b"] }), "c2");
    await waitFor(() => expect(result.current.waiting).toBe(1), DEADLINE);
    rerender({ paused: true, stopped: "both" });
    const second = await streamed(1, "b", "c");
    await becomes(result, "paused", "b", "c");
    second.event("update", change({ remove: ["b"] }), "c2");
    await waitFor(() => expect(result.current.waiting).toBe(1), DEADLINE);
    rerender({ paused: false, stopped: "both" });
    await becomes(result, "live", "c");
  });

  it("wants nothing while nobody sees it", async () => {
    const { result } = shown();
    const stream = await streamed(0, "a");
    await becomes(result, "live", "a");
    seen = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => left(stream), DEADLINE);
    seen = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
    expect((await request(1)).headers["last-event-id"]).toBe("c0");
    await streamed(1, "a", "b");
    await becomes(result, "live", "a", "b");
  });

  it("keeps its view for other options, and has another for another topology", async () => {
    const { result, rerender } = shown();
    await streamed(0, "a", "b");
    await becomes(result, "live", "a", "b");
    const { view } = result.current;
    rerender({ stopped: "both" });
    await becomes(result, "connecting", "a", "b");
    expect((await request(1)).path).toContain("stopped=both");
    await streamed(1, "b", "c");
    await becomes(result, "live", "b", "c");
    expect(result.current.view).toBe(view);
    rerender({ topology: "pods" });
    expect([result.current.heard, result.current.ids]).toEqual([false, []]);
    await streamed(2, "p");
    await becomes(result, "live", "p");
  });

  it("says in words why there is nothing, and tries again when asked to", async () => {
    const { result } = shown();
    (await request(0)).refuse(403, "You may not see this.");
    await becomes(result, "ended");
    expect(result.current.problem?.message).toBe("You may not see this.");
    result.current.retry();
    await streamed(1, "a");
    await becomes(result, "live", "a");
    expect(result.current.problem).toBeNull();
  });

  it("leads to where one signs in once nobody is signed in", async () => {
    shown();
    (await request(0)).refuse(401, "Your session ended.");
    await vi.waitFor(() => expect(client.getQueryData(ME)).toBeNull(), DEADLINE);
    expect(client.getQueryData(SIGNED_OUT_WORDS)).toBe("Your session ended.");
  });
});

describe("the past", () => {
  const AT = "2026-01-01T00:00:00Z";

  it("is read in pages, and shown as what differs", async () => {
    const { result, rerender } = shown();
    const stream = await streamed(0, "a", "b");
    await becomes(result, "live", "a", "b");
    const node = result.current.view.nodes.get("b");
    rerender({ at: AT });
    const first = await request(1);
    expect(new URLSearchParams(first.path.split("?")[1]).get("timestamp")).toBe(AT);
    await becomes(result, "connecting", "a", "b");
    first.answer({ nodes: { b: nodeOf("b") }, nextPageToken: "more" });
    const second = await request(2);
    expect(new URLSearchParams(second.path.split("?")[1]).get("pageToken")).toBe("more");
    second.answer({ nodes: { c: nodeOf("c") }, nextPageToken: "" });
    await becomes(result, "past", "b", "c");
    expect(result.current.view.nodes.get("b")).toBe(node);
    await vi.waitFor(() => left(stream), DEADLINE);
    rerender({ at: "" });
    (await request(3)).open();
    await becomes(result, "live", "b", "a");
  });

  it("may not be there any more", async () => {
    const { result } = shown({ at: AT });
    (await request(0)).refuse(400, "There is nothing so old.");
    await becomes(result, "ended");
    expect(result.current.problem?.message).toBe("There is nothing so old.");
    result.current.retry();
    (await request(1)).answer({ nodes: {}, nextPageToken: "" });
    await becomes(result, "past");
    expect(result.current.heard).toBe(true);
  });
});
