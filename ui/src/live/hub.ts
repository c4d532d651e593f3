import { CallError } from "../api/call";
import { type Feed, feedKey } from "./feed";
import { type Ask, type Condition, type Problem, problemOf, type Tell } from "./protocol";
import { type Patience, Source } from "./source";

/** How long the hub waits for what, in milliseconds. */
export interface HubPatience extends Patience {
  /** A page that says nothing for so long is gone. */
  silent: number;
  /** A stream that nobody wants goes on so long, for somebody may come back to it. */
  grace: number;
  /** What is known of a feed that nobody wants is kept so long: the service forgets where a reader was after as long. */
  kept: number;
}

export const PATIENCE: HubPatience = {
  quiet: 40_000,
  retry: 500,
  longest: 15_000,
  silent: 15_000,
  grace: 2_000,
  kept: 15_000,
};

/** Streams at a time: over HTTP/1.1 a browser has six connections to a host, for all its pages. */
const STREAMS = 2;

const UNAUTHENTICATED = 401;

const TOO_MANY = problemOf(
  new CallError(
    0,
    "Other windows of this browser follow two views already. Close or pause one of them to go on here.",
    "TOO_MANY_STREAMS",
  ),
);

/** The end of a channel to a page. */
export interface Port {
  postMessage(message: Tell): void;
  onmessage: ((event: MessageEvent<Ask>) => void) | null;
}

/** A page that people see, and what it shows. */
interface Watcher {
  key: string;
  paused: boolean;
  /** When it came to want this. */
  since: number;
  /** When it last said so. */
  heard: number;
}

interface Followed {
  source: Source;
  /** When somebody last wanted it. */
  wanted: number;
  /** Whether it has to wait for streams of others to end. */
  waits: boolean;
}

/** All pages of a browser that show feeds, and the sources of those feeds. */
export class Hub {
  readonly #watchers = new Map<Port, Watcher>();
  readonly #followed = new Map<string, Followed>();
  readonly #patience: HubPatience;

  constructor(patience: HubPatience = PATIENCE) {
    this.#patience = patience;
  }

  /** Listens to a page. */
  join(port: Port): void {
    port.onmessage = ({ data }) => this.#heard(port, data);
  }

  /** Does what became due; to be called about every second. */
  review(): void {
    const now = Date.now();
    for (const [port, { heard }] of this.#watchers) {
      if (heard < now - this.#patience.silent) {
        this.#watchers.delete(port);
      }
    }
    for (const { key } of this.#watchers.values()) {
      const followed = this.#followed.get(key);
      if (followed) {
        followed.wanted = now;
      }
    }
    this.#share(now);
  }

  /** Tries again at once what waits to be tried again. */
  hurry(): void {
    for (const { source } of this.#followed.values()) {
      if (source.condition.state !== "ended") {
        source.retry();
      }
    }
  }

  #heard(port: Port, ask: Ask): void {
    if (ask.kind === "want") {
      this.#want(port, ask.feed, ask.paused, ask.have);
      port.postMessage({ kind: "alive" });
      return;
    }
    if (ask.kind === "leave") {
      this.#watchers.delete(port);
    } else {
      this.#followed.get(this.#watchers.get(port)?.key ?? "")?.source.retry();
    }
    this.review();
  }

  #want(port: Port, feed: Feed, paused: boolean, have: string): void {
    const now = Date.now();
    const key = feedKey(feed);
    const before = this.#watchers.get(port);
    const same = before?.key === key;
    this.#watchers.set(port, { key, paused, since: same && before.paused === paused ? before.since : now, heard: now });
    const followed = this.#follow(feed, now);
    if (same) {
      this.review();
      return;
    }
    followed.source.retry();
    this.review();
    begin(port, followed, have);
  }

  #follow(feed: Feed, now: number): Followed {
    const key = feedKey(feed);
    const before = this.#followed.get(key);
    if (before) {
      return before;
    }
    const source = new Source(feed, this.#patience, {
      told: (told) => this.#tell(key, told),
      condition: (condition) => this.#changed(condition),
    });
    const followed = { source, wanted: now, waits: false };
    this.#followed.set(key, followed);
    return followed;
  }

  /** Gives the streams there may be to those who want them most; what nobody wants any more is forgotten. */
  #share(now: number): void {
    const watched = new Set([...this.#watchers.values()].map(({ key }) => key));
    const wanted = [...this.#followed.values()].filter(
      (one) => watched.has(one.source.key) || one.wanted > now - this.#patience.grace,
    );
    const chosen = new Set(wanted.sort((one, other) => this.#before(one, other)).slice(0, STREAMS));
    for (const [key, followed] of this.#followed) {
      if (chosen.has(followed)) {
        this.#wait(followed, false);
        followed.source.run();
        continue;
      }
      followed.source.stop();
      this.#wait(followed, true);
      if (followed.wanted < now - this.#patience.kept) {
        this.#followed.delete(key);
      }
    }
  }

  /** Who wants it now comes before who paused it, and that before what nobody wants; the newest first. */
  #before(one: Followed, other: Followed): number {
    const [tier, since] = this.#rank(one);
    const [otherTier, otherSince] = this.#rank(other);
    return otherTier - tier || otherSince - since;
  }

  #rank({ source, wanted }: Followed): [tier: number, since: number] {
    const watchers = [...this.#watchers.values()].filter(({ key }) => key === source.key);
    const going = watchers.filter(({ paused }) => !paused);
    const asking = going.length > 0 ? going : watchers;
    return [
      Number(watchers.length > 0) + Number(going.length > 0),
      Math.max(...asking.map(({ since }) => since), 0) || wanted,
    ];
  }

  #wait(followed: Followed, waits: boolean): void {
    if (followed.waits !== waits) {
      followed.waits = waits;
      this.#tell(followed.source.key, waits ? waiting(followed.source.key) : followed.source.condition);
    }
  }

  #changed(condition: Condition): void {
    if (condition.state === "ended" && condition.problem?.status === UNAUTHENTICATED) {
      this.#signedOut(condition.problem);
    } else if (!this.#followed.get(condition.key)?.waits) {
      this.#tell(condition.key, condition);
    }
  }

  /** Nobody is signed in: nothing of what is known may stay. */
  #signedOut(problem: Problem): void {
    const all = [...this.#followed.values()];
    this.#followed.clear();
    for (const { source } of all) {
      source.stop();
      this.#tell(source.key, { kind: "condition", key: source.key, state: "ended", problem });
    }
    this.#watchers.clear();
  }

  #tell(key: string, tell: Tell): void {
    for (const [port, watcher] of this.#watchers) {
      if (watcher.key === key) {
        port.postMessage(tell);
      }
    }
  }
}

/** A page begins with all that is known, unless it has that. */
function begin(port: Port, { source, waits }: Followed, have: string): void {
  if (source.at !== "" && source.at !== have) {
    port.postMessage(source.all());
  }
  port.postMessage(waits ? waiting(source.key) : source.condition);
}

function waiting(key: string): Condition {
  return { kind: "condition", key, state: "ended", problem: TOO_MANY };
}
