import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link } from "./link";
import type { Tell } from "./protocol";

const FEED = { org: "acme", topology: "hosts", options: {}, at: "" };

/** Workers that were started, and whether they answer. */
let started = 0;
let answering = false;

class Worker {
  readonly port = {
    onmessage: null as ((event: { data: Tell }) => void) | null,
    postMessage: () => answering && this.port.onmessage?.({ data: { kind: "alive" } }),
    close: () => {},
  };

  constructor() {
    started++;
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
