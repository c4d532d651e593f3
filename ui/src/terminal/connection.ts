import { CallError, call, linkTo } from "../api/call";
import { type End, NO_END, PipeEnd, type Wire } from "./pipe";

/** How long until a connection that was lost is made again, in milliseconds: at first, and at most. */
const SOON = 250;
const SELDOM = 5_000;
/** After so many milliseconds without a connection the service has given the pipe up. */
const PATIENCE = 60_000;
/** A connection that stood for so long was none that failed, in milliseconds. */
const STOOD = 5_000;
/** What was consumed is said after so many milliseconds at most. */
const ACK_AFTER = 50;

export type State = "connecting" | "attached" | "reconnecting" | "ended";

export interface Told {
  /** Bytes came; `took` is called once they were consumed. */
  bytes: (data: Uint8Array, took: () => void) => void;
  /** The state, or what else there is to say of it, is another. */
  changed: () => void;
}

/** The way to a pipe: connected by a WebSocket, by another one whenever that is lost, until it ends. */
export class Connection {
  readonly pipe: PipeEnd;
  #socket: WebSocket | null = null;
  #lost = Date.now();
  #wait = SOON;
  #before = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ack: ReturnType<typeof setTimeout> | undefined;
  #left = false;
  readonly #org: string;
  readonly #id: string;
  readonly #told: Told;

  /** Connects to a pipe, to go on after so many bytes. */
  constructor(org: string, id: string, received: number, told: Told) {
    this.#org = org;
    this.#id = id;
    this.#told = told;
    this.pipe = new PipeEnd(received);
    this.#connect();
    addEventListener("online", this.#atOnce);
  }

  get state(): State {
    if (this.pipe.end) {
      return "ended";
    }
    // Without the other end nothing typed is answered, and somebody should see why.
    const through = this.#socket?.readyState === WebSocket.OPEN && this.pipe.joined;
    return through ? "attached" : this.#before ? "reconnecting" : "connecting";
  }

  /** Ends the pipe, whether or not there is a connection. */
  end(): void {
    if (!this.pipe.end && !this.pipe.close()) {
      // It ends by itself soon if nobody can be told now.
      call("DELETE /api/pipe/{id}", { org: this.#org, path: { id: this.#id } }).catch(() => {});
    }
    this.leave();
  }

  /** Leaves the pipe, which goes on for a while without this end. */
  leave(): void {
    this.#left = true;
    removeEventListener("online", this.#atOnce);
    clearTimeout(this.#retry);
    clearTimeout(this.#ack);
    this.pipe.acknowledge();
    this.#socket?.close();
    this.pipe.detached();
  }

  #connect(): void {
    const socket = new WebSocket(this.#address());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = 0;
    socket.onopen = () => {
      opened = Date.now();
      this.pipe.attached(wireOf(socket));
      this.#told.changed();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (!this.#left) {
        this.#heard(data);
      }
    };
    socket.onclose = () => {
      if (!this.#left) {
        this.#closed(opened);
      }
    };
  }

  #address(): URL {
    // A pipe's WebSocket has the address of its other calls.
    const address = new URL(linkTo("DELETE /api/pipe/{id}", { org: this.#org, path: { id: this.#id } }), location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("received", String(this.pipe.received));
    return address;
  }

  #heard(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const bytes = new Uint8Array(data);
      this.pipe.arrived(bytes);
      this.#told.bytes(bytes, () => this.#took(bytes.length));
      return;
    }
    this.pipe.said(JSON.parse(data));
    this.#before ||= this.pipe.joined;
    if (this.pipe.end) {
      this.leave();
    }
    this.#told.changed();
  }

  #took(count: number): void {
    if (this.pipe.took(count)) {
      this.#ack ??= setTimeout(() => {
        this.#ack = undefined;
        this.pipe.acknowledge();
      }, ACK_AFTER);
    }
  }

  #closed(opened: number): void {
    if (opened && (this.pipe.joined || Date.now() - opened > STOOD)) {
      this.#lost = Date.now();
      this.#wait = SOON;
    }
    this.pipe.detached();
    if (Date.now() - this.#lost > PATIENCE) {
      this.#ended({ ...NO_END, message: "no connection could be made for a minute" });
      return;
    }
    this.#retry = setTimeout(this.#atOnce, this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, SELDOM);
    this.#told.changed();
    if (!opened) {
      void this.#ask();
    }
  }

  #atOnce = (): void => {
    if (this.#socket?.readyState === WebSocket.CLOSED && !this.#left) {
      clearTimeout(this.#retry);
      this.#connect();
    }
  };

  /** Asks why no connection could be made, which browsers do not tell. */
  async #ask(): Promise<void> {
    try {
      const { endedAt, end } = await call("GET /api/pipe/{id}/check", { org: this.#org, path: { id: this.#id } });
      if (endedAt) {
        this.#ended({ ...NO_END, ...end });
      }
    } catch (error) {
      if (error instanceof CallError && error.status >= 400 && error.status < 429) {
        this.#ended({ ...NO_END, message: error.message });
      }
    }
  }

  #ended(end: End): void {
    if (!this.#left) {
      this.pipe.end ??= end;
      this.leave();
      this.#told.changed();
    }
  }
}

/** What is sent once the connection is about to close would arrive nowhere. */
function wireOf(socket: WebSocket): Wire {
  const send = (data: string | Uint8Array<ArrayBuffer>) => socket.readyState === WebSocket.OPEN && socket.send(data);
  return { bytes: send, text: (message) => send(JSON.stringify(message)) };
}
