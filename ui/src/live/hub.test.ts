// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Feed } from "./feed";
import { Hub, type HubPatience, type Port } from "./hub";
import type { Ask, Condition, Tell, Told } from "./protocol";
import { change, nodeOf, type Request, Service } from "./testing";

const PATIENCE = { quiet: 30_000, retry: 20, longest: 100, silent: 10_000, grace: 60, kept: 400 };
const DEADLINE = { timeout: 5_000, interval: 5 };

let service: Service;
let hub: Hub;
let reviews: ReturnType<typeof setInterval> | undefined;

beforeEach(async () => {
  service = new Service();
  await service.start();
  restart();
});

/** Begins with another hub, before anybody uses the one there is. */
function restart(patience: Partial<HubPatience> = {}): void {
  clearInterval(reviews);
  hub = new Hub({ ...PATIENCE, ...patience });
  reviews = setInterval(() => hub.review(), 10);
}

afterEach(async () => {
  clearInterval(reviews);
  for (const page of Page.all.splice(0)) {
    page.ask({ kind: "leave" });
  }
  await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE.grace));
  hub.review();
  service.stop();
});

/** A page, and what it was told. */
class Page implements Port {
  static readonly all: Page[] = [];
  onmessage: Port["onmessage"] = null;
  readonly told: Tell[] = [];

  constructor() {
    hub.join(this);
    Page.all.push(this);
  }

  postMessage(message: Tell): void {
    this.told.push(message);
  }

  ask(ask: Ask): void {
    this.onmessage?.({ data: ask } as MessageEvent<Ask>);
  }

  want(
    topology: string,
    {
      paused = false,
      have = "",
      options = {},
    }: Partial<{ paused: boolean; have: string; options: Feed["options"] }> = {},
  ): void {
    this.ask({ kind: "want", feed: { org: "acme", topology, options, at: "" }, paused, have });
  }

  get changes(): Told[] {
    return this.told.filter((one) => one.kind === "told");
  }

  get condition(): Condition | undefined {
    return this.told.filter((one) => one.kind === "condition").at(-1);
  }
}

function condition(page: Page, state: Condition["state"], message?: string): Promise<void> {
  return vi.waitFor(
    () => expect([page.condition?.state, page.condition?.problem?.message]).toEqual([state, message]),
    DEADLINE,
  );
}

function request(index: number): Promise<Request> {
  return vi.waitFor(() => {
    const found = service.requests[index];
    if (!found) {
      throw new Error(`there are ${service.requests.length} requests`);
    }
    return found;
  }, DEADLINE);
}

function gone(request: Request): Promise<void> {
  return vi.waitFor(() => expect(request.left).toBe(true), DEADLINE);
}

function changes(page: Page, count: number): Promise<void> {
  return vi.waitFor(() => expect(page.changes.length).toBe(count), DEADLINE);
}

const ALL = change({ add: [nodeOf("a")] });

/** A page that is live with one node; the request that it is so by. */
async function live(page: Page, topology = "hosts", index = 0): Promise<Request> {
  page.want(topology);
  const stream = await request(index);
  stream.open();
  stream.event("reset", ALL, "c1");
  await condition(page, "live");
  return stream;
}

describe("a stream", () => {
  it("is asked for by organization and options, and goes on by cursor where it was broken off", async () => {
    const page = new Page();
    page.want("hosts", { options: { pseudo: "show", stopped: "" } });
    const first = await request(0);
    expect(first.path).toBe("/api/watch/topology/hosts?pseudo=show");
    expect(first.headers["x-scope-org"]).toBe("acme");
    expect(first.headers["last-event-id"]).toBeUndefined();
    first.open();
    first.event("reset", ALL);
    first.event("update", change({ add: [nodeOf("b")] }), "c1");
    await condition(page, "live");
    first.event("update", change({ remove: ["b"] }), "c2");
    await changes(page, 2);
    first.breakOff();
    await condition(page, "reconnecting");
    const second = await request(1);
    expect(second.headers["last-event-id"]).toBe("c2");
    second.open();
    await condition(page, "live");
    expect(page.changes.map(({ reset, parts }) => [reset, parts.length])).toEqual([
      [true, 2],
      [false, 1],
    ]);
  });

  it("passes nothing of a reset on before it is complete", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("reset", ALL);
    stream.event("failure", { message: "The report log is away." });
    await condition(page, "live", "The report log is away.");
    expect(page.changes.length).toBe(1);
    stream.event("update", change({}), "c2");
    await changes(page, 2);
    await condition(page, "live");
    expect(page.changes[1]?.parts.length).toBe(2);
  });

  it("forgets a reset that another took the place of", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("reset", change({ add: [nodeOf("b")] }));
    stream.event("reset", change({ add: [nodeOf("c")] }), "c2");
    await changes(page, 2);
    expect(page.changes[1]?.parts.map((part) => JSON.parse(part).add[0].id)).toEqual(["c"]);
  });

  it("forgets a reset that was broken off, and goes on from before it", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("reset", change({ add: [nodeOf("b")] }));
    stream.event("failure", { message: "About to break off." });
    await condition(page, "live", "About to break off.");
    stream.breakOff();
    const second = await request(1);
    expect(second.headers["last-event-id"]).toBe("c1");
    second.open();
    second.event("update", change({ add: [nodeOf("c")] }), "c2");
    await changes(page, 2);
    expect(page.changes[1]?.reset).toBe(false);
  });

  it("is dead where nothing is heard of it, and not while it says that it is alive", async () => {
    restart({ quiet: 400 });
    const page = new Page();
    const stream = await live(page);
    const beat = setInterval(() => stream.alive(), 50);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(service.requests.length).toBe(1);
    clearInterval(beat);
    await gone(stream);
    await request(1);
  });

  it("is asked for again at once where the service leaves", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("end", { reason: "DRAIN", message: "The service restarts." });
    expect((await request(1)).headers["last-event-id"]).toBe("c1");
  });

  it("is not asked for again and again where nothing but its end ever comes", async () => {
    restart({ retry: 400, longest: 400 });
    const page = new Page();
    (await live(page)).event("end", { reason: "DRAIN", message: "The service restarts." });
    const second = await request(1);
    second.open();
    const ended = performance.now();
    second.event("end", { reason: "DRAIN", message: "The service restarts." });
    await request(2);
    expect(performance.now() - ended).toBeGreaterThan(250);
  });

  it("starts anew where the credential lost something", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("end", { reason: "CREDENTIAL_REVOKED", message: "Your role changed." });
    expect((await request(1)).headers["last-event-id"]).toBeUndefined();
  });

  it.each([
    [503, "The log is away."],
    [429, "Too many."],
  ])("is tried again after %i, in the service's words", async (status, words) => {
    const page = new Page();
    page.want("hosts");
    (await request(0)).refuse(status, words);
    await condition(page, "connecting", words);
    (await request(1)).open();
  });

  it("waits as long as the service says", async () => {
    const page = new Page();
    page.want("hosts");
    (await request(0)).refuse(429, "Slowly.", { "retry-after": "1" });
    const asked = Date.now();
    await request(1);
    expect(Date.now() - asked).toBeGreaterThan(900);
  });

  it("is not tried again after a refusal until somebody wishes so", async () => {
    const page = new Page();
    page.want("nope");
    (await request(0)).refuse(404, "There is no such topology.");
    await condition(page, "ended", "There is no such topology.");
    page.want("nope");
    await new Promise((resolve) => setTimeout(resolve, 5 * PATIENCE.longest));
    expect(service.requests.length).toBe(1);
    page.ask({ kind: "retry" });
    await request(1);
  });

  it("ends for good where the organization is refused", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("end", { reason: "ORGANIZATION_REFUSED", message: "Not any more." });
    await condition(page, "ended", "Not any more.");
    expect(service.requests.length).toBe(1);
  });
});

describe("pages of one browser", () => {
  it("share a stream, and who comes later begins with all that is known", async () => {
    const page = new Page();
    const stream = await live(page);
    stream.event("update", change({ add: [nodeOf("b")] }), "c2");
    await changes(page, 2);
    const other = new Page();
    other.want("hosts");
    const [all] = other.changes;
    const nodes = all?.parts.flatMap((part) => JSON.parse(part).add).map(({ id }) => id);
    expect([all?.reset, nodes, all?.at]).toEqual([true, ["a", "b"], page.changes[1]?.at]);
    expect(other.condition?.state).toBe("live");
    stream.event("update", change({ remove: ["a"] }), "c3");
    await changes(other, 2);
    await changes(page, 3);
    expect(service.requests.length).toBe(1);
  });

  it("are told nothing again that they have", async () => {
    const page = new Page();
    await live(page);
    const have = page.changes[0]?.at ?? "";
    page.ask({ kind: "leave" });
    page.want("hosts", { have });
    expect(page.changes.length).toBe(1);
    expect(page.condition?.state).toBe("live");
  });

  it("have a stream as long as one is seen, and a moment longer", async () => {
    const page = new Page();
    const other = new Page();
    const stream = await live(page);
    other.want("hosts");
    page.ask({ kind: "leave" });
    other.ask({ kind: "leave" });
    other.want("hosts");
    await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE.grace));
    expect(stream.left).toBe(false);
    other.ask({ kind: "leave" });
    await gone(stream);
    other.want("hosts");
    expect((await request(1)).headers["last-event-id"]).toBe("c1");
  });

  it("are forgotten where they died without a word", async () => {
    restart({ silent: 100 });
    const stream = await live(new Page());
    await gone(stream);
    const late = new Page();
    await vi.waitFor(() => {
      late.want("hosts", { have: "x" });
      late.ask({ kind: "leave" });
      expect(service.requests.length).toBeGreaterThan(1);
    }, DEADLINE);
  });

  it("have two streams at most: the newest wanted ones, and paused ones after others", async () => {
    const words = "Other windows of this browser follow two views already. Close or pause one of them to go on here.";
    const [one, two, three] = [new Page(), new Page(), new Page()];
    const first = await live(one, "hosts", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await live(two, "pods", 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await live(three, "containers", 2);
    await gone(first);
    await condition(one, "ended", words);
    two.want("pods", { paused: true });
    await gone(second);
    const again = await request(3);
    again.open();
    await condition(one, "live");
    expect(again.path).toContain("hosts");
    await condition(two, "ended", words);
  });

  it("all hear that nobody is signed in any more, and nothing that was known stays", async () => {
    const [one, two] = [new Page(), new Page()];
    const stream = await live(one, "hosts", 0);
    await live(two, "pods", 1);
    stream.event("end", { reason: "CREDENTIAL_REVOKED", message: "Signed out." });
    (await request(2)).refuse(401, "Sign in again.");
    await condition(one, "ended", "Signed out.");
    await condition(two, "ended", "Signed out.");
    expect(two.condition?.problem?.status).toBe(401);
    const next = new Page();
    next.want("pods");
    expect(next.changes).toEqual([]);
    expect((await request(3)).headers["last-event-id"]).toBeUndefined();
  });

  it("try again at once when the machine is online again", async () => {
    restart({ retry: 60_000, longest: 60_000 });
    const page = new Page();
    page.want("hosts");
    (await request(0)).refuse(503, "Away.");
    await condition(page, "connecting", "Away.");
    hub.hurry();
    await request(1);
  });
});
