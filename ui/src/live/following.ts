import type { CallError } from "../api/call";
import type { Missing, TopologyAnswer } from "../api/types";
import { type ChangeEvent, changeOf } from "./event";
import { type Feed, feedKey } from "./feed";
import { Incoming } from "./incoming";
import { Link } from "./link";
import { type Condition, errorOf, type Told } from "./protocol";
import { View } from "./view";

/** How what is shown is connected to what there is. */
export type Connection = "connecting" | "live" | "reconnecting" | "paused" | "past" | "ended";

/** A view, and how it is kept. */
export interface Live {
  readonly view: View;
  readonly connection: Connection;
  /** Why there is nothing new, or what is shown may be out of date; in words for people. */
  readonly problem: CallError | null;
  /** What is not shown, or may be out of date. */
  readonly missing: Missing;
  /** Whether there was anything to show: nothing may be all that there is. */
  readonly heard: boolean;
  /** How many nodes differ from what is shown, while that stands still. */
  readonly waiting: number;
  /** Tries again now. */
  readonly retry: () => void;
}

/** Between two changes of what is shown, in milliseconds: people do not read faster, and drawing costs. */
const GAP = 250;

type State = Pick<Condition, "state"> & { problem: CallError | null };

/** Keeps a view of a topology as a feed says, and tells who looks at it how that goes. */
export class Following {
  readonly #view = new View();
  #incoming = new Incoming(this.#view);
  readonly #listeners = new Set<() => void>();
  #link: Link | null = null;
  #paused = false;
  #past = false;
  #key = "";
  /** Whether nothing of the feed was shown yet. */
  #fresh = true;
  #state: State = { state: "connecting", problem: null };
  #due: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #shown = Number.NEGATIVE_INFINITY;
  readonly #retry = (): void => this.#link?.retry();
  #live: Live = this.#now();

  /** As it is now; the same object until something of it changes. */
  readonly live = (): Live => this.#live;

  /** Calls the listener whenever `live` changes, until what is answered is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects; what is answered disconnects. `who` is whom the service takes the browser for. */
  open(who: string): () => void {
    const link = new Link(who, { told: this.#told, condition: this.#heard });
    this.#link = link;
    return () => {
      link.close();
      clearTimeout(this.#due);
      cancelAnimationFrame(this.#frame);
      this.#due = undefined;
    };
  }

  /** Shows a feed from now on, and stands still while paused. */
  show(feed: Feed, paused: boolean): void {
    const key = feedKey(feed);
    if (key !== this.#key) {
      this.#key = key;
      this.#fresh = true;
      this.#incoming = new Incoming(this.#view);
      this.#state = { state: "connecting", problem: null };
    }
    this.#past = feed.at !== "";
    this.#paused = paused && !this.#past;
    this.#link?.want(this.#past ? null : { feed, key, paused });
    this.#schedule();
    this.#tell();
  }

  /** Shows a past moment, all of it; null while it is not known. */
  past(answer: TopologyAnswer | null, problem: CallError | null): void {
    if (answer) {
      const { nodes, missing } = answer;
      const all = changeOf({ add: Object.values(nodes), ...(missing && { missing }) });
      this.#incoming.replace([all], Date.now());
      this.#schedule();
    }
    this.#state = { state: answer ? "live" : problem ? "ended" : "connecting", problem };
    this.#tell();
  }

  readonly #told = ({ reset, parts }: Told): void => {
    const changes = parts.map((part): ChangeEvent => JSON.parse(part));
    if (reset) {
      this.#incoming.replace(changes, Date.now());
    } else {
      for (const change of changes) {
        this.#incoming.take(change, Date.now());
      }
    }
    this.#schedule();
  };

  readonly #heard = ({ state, problem }: Omit<Condition, "key">): void => {
    this.#state = { state, problem: problem && errorOf(problem) };
    this.#tell();
  };

  /** Shows what came, in a frame, some time after what was shown before. */
  #schedule(): void {
    this.#due ??= setTimeout(
      () => {
        this.#frame = requestAnimationFrame(() => this.#flush());
      },
      Math.max(0, this.#shown + GAP - performance.now()),
    );
  }

  #flush(): void {
    this.#due = undefined;
    this.#shown = performance.now();
    if (this.#incoming.waits && (!this.#paused || this.#fresh)) {
      this.#fresh = false;
      this.#incoming.show();
    }
    this.#tell();
  }

  #connection(): Connection {
    const { state } = this.#state;
    if (state === "live" && this.#view.version === 0) {
      return "connecting";
    }
    if (this.#past) {
      return state === "live" ? "past" : state;
    }
    return this.#paused && state !== "ended" ? "paused" : state;
  }

  #now(): Live {
    return {
      view: this.#view,
      connection: this.#connection(),
      problem: this.#state.problem,
      missing: this.#view.missing,
      heard: this.#view.version > 0,
      waiting: this.#paused ? this.#incoming.count : 0,
      retry: this.#retry,
    };
  }

  #tell(): void {
    const before = this.#live;
    const now = this.#now();
    if ((Object.keys(now) as (keyof Live)[]).some((name) => now[name] !== before[name])) {
      this.#live = now;
      for (const listener of this.#listeners) {
        listener();
      }
    }
  }
}
