import { loadAnew, loadNewer } from "../version";
import type { Feed } from "./feed";
import type { Ask, Condition, Tell, Told } from "./protocol";

/** How often a page says what it shows, in milliseconds: the worker believes that it is gone after three times as long. */
const BEAT = 5_000;
/** A worker that leaves so many unanswered is gone: browsers may end one without a word. */
const UNANSWERED = 3;

/** Who is told what the worker says. */
interface Hearer {
  told(told: Told): void;
  condition(condition: Omit<Condition, "key">): void;
}

interface Port {
  postMessage(ask: Ask): void;
  onmessage: ((event: MessageEvent<Tell>) => void) | null;
}

/** What a page shows. */
interface Wish {
  feed: Feed;
  key: string;
  paused: boolean;
}

const BROKEN = {
  status: 0,
  message: "There is a newer version of this page, or it could not be loaded in full. To try again loads it anew.",
  reason: "",
};

/** A page's end of the channel to the worker that follows feeds; one worker for all pages of one person. */
export class Link {
  readonly #who: string;
  readonly #hearer: Hearer;
  #port: Port | null = null;
  #close: () => void = () => {};
  #wish: Wish | null = null;
  #have = "";
  #unanswered = 0;
  #broken = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(who: string, hearer: Hearer) {
    this.#who = who;
    this.#hearer = hearer;
    this.#timer = setInterval(this.#beat, BEAT);
    document.addEventListener("visibilitychange", this.#beat);
    addEventListener("pagehide", this.#leave);
    addEventListener("pageshow", this.#beat);
  }

  /** What the page shows from now on; null: nothing that changes. */
  want(wish: Wish | null): void {
    if (wish?.key !== this.#wish?.key) {
      this.#have = "";
    }
    this.#wish = wish;
    this.#beat();
  }

  /** Wishes another try now; without a worker that takes the page anew. */
  retry(): void {
    if (this.#broken) {
      loadAnew();
    }
    this.#port?.postMessage({ kind: "retry" });
  }

  /** The page shows nothing any more. */
  close(): void {
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#beat);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("pageshow", this.#beat);
    this.#leave();
    this.#close();
  }

  readonly #beat = (): void => {
    if (!this.#wish || document.visibilityState === "hidden") {
      this.#leave();
      return;
    }
    if (this.#unanswered === UNANSWERED) {
      this.#close();
      this.#port = null;
    }
    this.#port ??= this.#open();
    this.#unanswered++;
    this.#port.postMessage({ kind: "want", feed: this.#wish.feed, paused: this.#wish.paused, have: this.#have });
  };

  readonly #leave = (): void => {
    this.#unanswered = 0;
    this.#port?.postMessage({ kind: "leave" });
  };

  #open(): Port {
    this.#unanswered = 0;
    const worker = start(this.#who);
    this.#broken = false;
    worker.onerror = () => {
      this.#broken = true;
      this.#hearer.condition({ kind: "condition", state: "ended", problem: BROKEN });
      void loadNewer();
    };
    const port = "port" in worker ? worker.port : worker;
    this.#close = () => {
      // Whoever listens is kept as long as the worker, which outlives this page's visit to a map.
      worker.onerror = null;
      port.onmessage = null;
      "port" in worker ? worker.port.close() : worker.terminate();
    };
    port.onmessage = ({ data }: MessageEvent<Tell>) => this.#heard(data);
    return port;
  }

  #heard(tell: Tell): void {
    this.#unanswered = 0;
    if (tell.kind === "alive" || tell.key !== this.#wish?.key) {
      return;
    }
    if (tell.kind === "told") {
      this.#have = tell.at;
      this.#hearer.told(tell);
    } else {
      this.#hearer.condition(tell);
    }
  }
}

/** A shared worker where there is such a thing, which some browsers for phones have not. */
function start(who: string): SharedWorker | Worker {
  const name = `scope ${who}`;
  if (typeof SharedWorker === "function") {
    return new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name });
  }
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name });
}
