import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "./connection";

const PIPE = "ab".repeat(16);
const PATIENCE = 60_000;

/** The service's end of each WebSocket that was made, the newest last. */
const sockets: Socket[] = [];

class Socket {
  static readonly OPEN = 1;
  static readonly CLOSED = 3;
  readyState = 0;
  readonly out: (string | Uint8Array)[] = [];
  onopen = () => {};
  onmessage = (_event: { data: unknown }) => {};
  onclose = () => {};

  constructor(readonly url: URL) {
    sockets.push(this);
  }

  send(data: string | Uint8Array): void {
    this.out.push(data);
  }

  close(): void {
    this.readyState = Socket.CLOSED;
  }

  /** The service takes it. */
  taken(): void {
    this.readyState = Socket.OPEN;
    this.onopen();
  }

  /** The service takes it, and the other end is there. */
  open(): void {
    this.taken();
    this.say({ rewind: 0 });
  }

  say(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }

  lose(): void {
    this.readyState = Socket.CLOSED;
    this.onclose();
  }
}

const newest = () => sockets.at(-1) as Socket;
let checked: object | Response;
const told = { bytes: vi.fn(), changed: vi.fn() };
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  checked = { id: PIPE };
  vi.stubGlobal("fetch", async () => (checked instanceof Response ? checked : Response.json(checked)));
  connection = new Connection("shop", PIPE, 40, told);
});

afterEach(() => {
  connection.leave();
  sockets.length = 0;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it goes on where it was, by another connection whenever one is lost", async () => {
  expect(connection.state).toBe("connecting");
  expect(newest().url.href).toMatch(new RegExp(`^ws.*/api/pipe/${PIPE}\\?org=shop&received=40$`));
  newest().taken();
  expect(connection.state).toBe("connecting");
  newest().say({ rewind: 0 });
  expect(connection.state).toBe("attached");
  newest().onmessage({ data: new ArrayBuffer(2) });
  newest().lose();
  expect(connection.state).toBe("reconnecting");
  await vi.advanceTimersByTimeAsync(400);
  expect(sockets).toHaveLength(2);
  expect(newest().url.searchParams.get("received")).toBe("42");
  newest().taken();
  expect(connection.state).toBe("reconnecting");
  newest().say({ rewind: 0 });
  expect(connection.state).toBe("attached");
});

test("what was consumed is said soon", async () => {
  newest().open();
  newest().onmessage({ data: new ArrayBuffer(2) });
  told.bytes.mock.lastCall?.[1]();
  await vi.advanceTimersByTimeAsync(100);
  expect(newest().out.at(-1)).toBe('{"ack":42}');
});

test("it waits longer each time, and gives up after a minute", async () => {
  newest().open();
  newest().lose();
  for (let waited = 0; waited < PATIENCE && connection.state !== "ended"; waited += 1_000) {
    await vi.advanceTimersByTimeAsync(1_000);
    if (newest().readyState !== Socket.CLOSED) {
      newest().lose();
    }
  }
  await vi.advanceTimersByTimeAsync(7_000);
  newest().lose();
  expect(connection.state).toBe("ended");
  expect(connection.pipe.end?.message).toContain("for a minute");
  expect(sockets.length).toBeGreaterThan(10);
  expect(sockets.length).toBeLessThan(25);
});

test("at once when the machine is online again", () => {
  newest().open();
  newest().lose();
  dispatchEvent(new Event("online"));
  expect(sockets).toHaveLength(2);
});

test("where none can be made it is asked why", async () => {
  checked = { id: PIPE, endedAt: "2026-01-15T09:00:00Z", end: { reason: "END_REASON_IDLE", message: "idle for 4 h" } };
  newest().lose();
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.pipe.end).toMatchObject({ reason: "END_REASON_IDLE", message: "idle for 4 h" });
  await vi.advanceTimersByTimeAsync(PATIENCE);
  expect(sockets).toHaveLength(1);
});

test("a refusal ends it, and that nobody answers does not", async () => {
  checked = Response.json({ message: "busy" }, { status: 503 });
  newest().lose();
  await vi.advanceTimersByTimeAsync(400);
  expect(connection.state).toBe("connecting");
  checked = Response.json({ message: "there is no such pipe" }, { status: 404 });
  newest().lose();
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.pipe.end?.message).toBe("there is no such pipe");
});

test("an end is the last that is heard", async () => {
  newest().open();
  newest().say({ end: { reason: "END_REASON_EXITED", message: "", exitStatus: 2 } });
  newest().lose();
  await vi.advanceTimersByTimeAsync(PATIENCE);
  expect(connection.state).toBe("ended");
  expect(sockets).toHaveLength(1);
});

test("who closes it ends it, also where there is no connection", async () => {
  newest().open();
  connection.end();
  expect(newest().out.at(-1)).toBe('{"end":{}}');
  const fetched = vi.fn(async () => Response.json({}));
  vi.stubGlobal("fetch", fetched);
  new Connection("shop", PIPE, 0, told).end();
  expect(fetched.mock.lastCall).toMatchObject([`/api/pipe/${PIPE}`, { method: "DELETE" }]);
});
