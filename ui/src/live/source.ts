import { CallError } from "../api/call";
import { type Feed, feedKey } from "./feed";
import { Known, type Step } from "./known";
import { type Condition, type Problem, problemOf, type Told } from "./protocol";
import { type End, follow } from "./stream";

/** How long to wait for what, in milliseconds. */
export interface Patience {
  /** Without a sign of life a connection is dead; there is one every 15 s. */
  quiet: number;
  /** Before the first new try, and at most. */
  retry: number;
  longest: number;
}

/** Who is told what comes from a source. */
interface Audience {
  told(told: Told): void;
  condition(condition: Condition): void;
}

const REFUSALS_THAT_PASS = new Set([0, 408, 429]);

/** One feed: what is known of it, and the stream that keeps it so while there is one. */
export class Source {
  readonly key: string;
  readonly #feed: Feed;
  readonly #patience: Patience;
  readonly #audience: Audience;
  readonly #id = Math.random().toString(36).slice(2);
  readonly #known = new Known();
  #revision = 0;
  #cursor = "";
  #failures = 0;
  /** Why the service ended a stream; of a refusal that follows it says less. */
  #revoked = "";
  #running: AbortController | null = null;
  #wake: () => void = () => {};
  #condition: Condition;

  constructor(feed: Feed, patience: Patience, audience: Audience) {
    this.key = feedKey(feed);
    this.#feed = feed;
    this.#patience = patience;
    this.#audience = audience;
    this.#condition = { kind: "condition", key: this.key, state: "connecting", problem: null };
  }

  /** How far whoever has all that is known is with it; empty while nothing is. */
  get at(): string {
    return this.#known.whole ? `${this.#id}:${this.#revision}` : "";
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** All that is known. */
  all(): Told {
    return this.#told(this.#known.all());
  }

  /** Keeps a stream from now on, unless the service said that it will not answer. */
  run(): void {
    if (!this.#running && this.#condition.state !== "ended") {
      this.#running = new AbortController();
      void this.#keep(this.#running.signal);
    }
  }

  /** Keeps no stream. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.#wake();
  }

  /** Tries again now, whatever was said before. */
  retry(): void {
    this.#failures = 0;
    this.#wake();
    if (this.#condition.state === "ended") {
      this.#say("connecting", null);
    }
  }

  /** Says that nothing more comes, until somebody wishes another try. */
  end(problem: Problem): void {
    this.stop();
    this.#say("ended", problem);
  }

  async #keep(stop: AbortSignal): Promise<void> {
    this.#failures = 0;
    this.#pending();
    while (!stop.aborted) {
      this.#known.interrupted();
      const end = await follow(this.#feed, this.#cursor, this.#reader(stop), this.#patience.quiet, stop);
      const delay = stop.aborted ? 0 : this.#after(end);
      if (delay > 0) {
        await this.#pause(delay);
      }
    }
  }

  #reader(stop: AbortSignal) {
    return {
      opened: () => !stop.aborted && this.#known.whole && this.#say("live", null),
      event: (name: string, data: string, id: string) => !stop.aborted && this.#take(name, data, id),
    };
  }

  #take(name: string, data: string, id: string): void {
    if (name === "failure") {
      const { message } = JSON.parse(data) as { message: string };
      this.#say(this.#condition.state, { status: 0, message, reason: "" });
      return;
    }
    const step = this.#known.take(name, data, id, Date.now());
    this.#cursor = id || this.#cursor;
    this.#failures = 0;
    this.#revoked = "";
    if (step) {
      this.#revision++;
      this.#audience.told(this.#told(step));
      this.#say("live", null);
    }
  }

  /** Says what became of a stream; answers how long to wait until the next, in milliseconds. */
  #after(end: End): number {
    if (end.kind === "lost") {
      this.#pending();
      return this.#backoff();
    }
    if (end.kind === "refused") {
      const { status, message } = end.error;
      if (status < 500 && !REFUSALS_THAT_PASS.has(status)) {
        this.end({ ...problemOf(end.error), message: (status === 401 && this.#revoked) || message });
        return 0;
      }
      this.#pending(problemOf(end.error));
      return Math.max(this.#backoff(), end.error.after);
    }
    return this.#ended(end.reason, end.message);
  }

  #ended(reason: string, message: string): number {
    if (reason === "ORGANIZATION_REFUSED") {
      this.end(problemOf(new CallError(403, message, reason)));
      return 0;
    }
    if (reason === "CREDENTIAL_REVOKED") {
      // Whoever asks anew is told what is left: to sign in, what is not allowed any more, or less than was known.
      this.#cursor = "";
      this.#revoked = message;
    }
    this.#pending();
    return this.#failures++ === 0 ? 0 : this.#backoff();
  }

  #pending(problem: Problem | null = null): void {
    this.#say(this.#known.whole ? "reconnecting" : "connecting", problem);
  }

  /** Twice as long every time, and not the same for all who wait. */
  #backoff(): number {
    const { retry, longest } = this.#patience;
    return Math.min(longest, retry * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
  }

  #pause(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #told(step: Step): Told {
    return { kind: "told", key: this.key, at: this.at, ...step };
  }

  #say(state: Condition["state"], problem: Problem | null): void {
    const now = this.#condition;
    if (now.state !== state || now.problem?.message !== problem?.message) {
      this.#condition = { kind: "condition", key: this.key, state, problem };
      this.#audience.condition(this.#condition);
    }
  }
}
