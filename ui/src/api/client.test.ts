import { onlineManager, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallError, call, GARBLED } from "./call";
import { makeClient } from "./client";
import { every } from "./polling";
import { ME } from "./session";

const SECOND = 1_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  onlineManager.setOnline(true);
  vi.useRealTimers();
});

/** Lets the service answer in turn, the last for ever; what answers a function is asked each time. */
function serve(...answers: (() => Response)[]) {
  const service = vi.fn(async (_path: string) => (answers.length > 1 ? answers.shift() : answers[0])?.());
  vi.stubGlobal("fetch", service);
  return service;
}

/** What a page sees that reads something, with options of the query. */
async function read(options: object = {}) {
  const client = makeClient();
  client.mount();
  const observer = new QueryObserver(client, {
    queryKey: ["something"],
    queryFn: () => call("GET /api/users/roles", {}),
    ...options,
  });
  observer.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(0);
  return { client, seen: () => observer.getCurrentResult() };
}

const well = () => new Response('"well"');
const busy = () => new Response('{"message": "too many"}', { status: 429, headers: { "retry-after": "30" } });
const away = () => new Response("<h1>Bad gateway</h1>", { status: 502 });

describe("what is no answer of the service is said in words", () => {
  test.each([
    ["a page of the network that one is in", "<html>Please sign in</html>"],
    ["half of an answer", '{"nodes": [{"id'],
    ["nothing", ""],
  ])("%s", async (_, body) => {
    serve(() => new Response(body));
    await expect(call("GET /api/users/roles", {})).rejects.toEqual(new CallError(0, GARBLED));
  });
});

test.each([".", ".."])("what an address calls %s leads to no other path of the service", async (id) => {
  const service = serve(well);
  const node = call("GET /api/topology/{topology}/{node_id}", { path: { topology: "hosts", node_id: id } });
  await expect(node).rejects.toMatchObject({ status: 404 });
  expect(service).not.toHaveBeenCalled();
});

test("who does not answer is not waited for without end", async () => {
  vi.useRealTimers();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
  vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => signal?.throwIfAborted());
  await expect(call("GET /api/users/roles", {})).rejects.toMatchObject({ status: 0, message: /does not answer/ });
});

test("what is away for a moment is not noticed", async () => {
  serve(away, well);
  const { seen } = await read();
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(seen()).toMatchObject({ data: "well", error: null });
});

test("what is away for longer is said within seconds, asked for now and then, and there again by itself", async () => {
  const service = serve(away);
  const { seen } = await read();
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect(seen().error?.message).toBe("The service answered with status 502.");
  await vi.advanceTimersByTimeAsync(60 * SECOND);
  expect(service.mock.calls.length).toBeLessThan(15);
  serve(well);
  await vi.advanceTimersByTimeAsync(11 * SECOND);
  expect(seen()).toMatchObject({ data: "well", error: null });
});

test("who asks for time gets it, also of what is read all the time", async () => {
  const service = serve(busy);
  const { seen } = await read({ refetchInterval: every(5 * SECOND) });
  expect(seen().error?.message).toBe("too many");
  await vi.advanceTimersByTimeAsync(29 * SECOND);
  expect(service).toHaveBeenCalledTimes(1);
  serve(well);
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect(seen()).toMatchObject({ data: "well", error: null });
});

test("a machine that is offline is told so at once, and what was wished then is not done later", async () => {
  onlineManager.setOnline(false);
  const service = vi.fn().mockRejectedValue(new TypeError("Failed to fetch"));
  vi.stubGlobal("fetch", service);
  const { client, seen } = await read();
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect(seen().error?.message).toMatch(/does not answer/);
  const wish = client
    .getMutationCache()
    .build(client, { mutationFn: () => call("POST /api/users/logout", { body: {} }) });
  await expect(wish.execute(undefined)).rejects.toThrow(/does not answer/);

  serve(well);
  onlineManager.setOnline(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen()).toMatchObject({ data: "well", error: null });
});

test("who is refused something is asked who they are, for they may do less than they might", async () => {
  const service = serve(() => new Response("{}", { status: 403 }));
  const { client } = await read();
  const who = new QueryObserver(client, { queryKey: ME, queryFn: () => call("GET /api/users/lookup", {}) });
  client.setQueryData(ME, { id: "ann" });
  who.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(3 * SECOND);
  await client.refetchQueries({ queryKey: ["something"] });
  await vi.advanceTimersByTimeAsync(0);
  expect(service.mock.calls.map(([path]) => path)).toContain("/api/users/lookup");
});
