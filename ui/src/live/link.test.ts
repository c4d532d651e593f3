import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link } from "./link";
import type { Tell } from "./protocol";

const FEED = { org: "acme", topology: "hosts", options: {}, at: "" };

/** Workers that were started, and whether they answer. */
let started = 0;
let answering = false;
let say: (tell: Tell) => void = () => {};

class Worker {
  readonly port = {
    onmessage: null as ((event: { data: Tell }) => void) | null,
    postMessage: () => answering && this.port.onmessage?.({ data: { kind: "alive" } }),
    close: () => {},
  };

  constructor() {
    started++;
    say = (data) => this.port.onmessage?.({ data });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("SharedWorker", Worker);
  started = 0;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  ["is kept while it answers", true, 1],
  ["is started again where it does not, for browsers end one without a word", false, 2],
])("a worker %s", (_, answers, workers) => {
  answering = answers;
  const link = new Link("ann", { told: () => {}, condition: () => {} });
  link.want({ feed: FEED, key: "hosts", paused: false });
  vi.advanceTimersByTime(14_000);
  expect(started).toBe(1);
  vi.advanceTimersByTime(2_000);
  expect(started).toBe(workers);
  link.close();
});

test("what is said of a feed that is shown no more is not heard", () => {
  const told = vi.fn();
  const condition = vi.fn();
  const link = new Link("ann", { told, condition });
  link.want({ feed: FEED, key: "hosts", paused: false });
  link.want({ feed: { ...FEED, topology: "pods" }, key: "pods", paused: false });
  say({ kind: "told", key: "hosts", at: "1", reset: true, parts: [] });
  say({ kind: "condition", key: "hosts", state: "live", problem: null });
  expect([told, condition].flatMap(({ mock }) => mock.calls)).toEqual([]);
  say({ kind: "told", key: "pods", at: "2", reset: true, parts: [] });
  expect(told).toHaveBeenCalledTimes(1);
  link.close();
});
