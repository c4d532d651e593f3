// The browser's end of a pipe, apart from what it is connected by: which bytes arrived, which are still kept to be sent
// again, and what is said about them (docs/pipes.md). Bytes of each direction are numbered from 0.

/** At most so many bytes are out that the probe has not consumed. */
export const WINDOW = 256 * 1024;
/** At most so many are in one message. */
const FRAME = 64 * 1024;
/** At most so many wait to be sent: what is pasted beyond that is refused. */
export const MOST_WAITING = 64 * 1024 * 1024;
/** What was consumed is said at once from so many bytes on. */
const WORTH_SAYING = 32 * 1024;

/** How a pipe ended. */
export interface End {
  /** As `END_REASON_EXITED`. */
  reason: string;
  message: string;
  exitStatus: number;
}

/** One of which nothing is said. */
export const NO_END: End = { reason: "", message: "", exitStatus: 0 };

/** A connection to the service, as long as it stands. */
export interface Wire {
  bytes: (data: Uint8Array<ArrayBuffer>) => void;
  text: (message: object) => void;
}

interface Size {
  width: number;
  height: number;
}

/** What the service says. */
interface Said {
  rewind?: number;
  ack?: number;
  end?: Partial<End>;
  readOnly?: boolean;
}

const BROKEN: End = { ...NO_END, message: "the other end has what was never typed here" };

/** One end. Whoever connects it tells what comes, and gives the wire by which it answers. */
export class PipeEnd {
  readOnly = false;
  end: End | null = null;
  /** Whether the other end has been heard of by the present connection. */
  joined = false;
  /** How many bytes were consumed since the pipe was opened. */
  consumed: number;
  /** How many arrived. */
  received: number;
  #acknowledged: number;
  #wire: Wire | null = null;
  #size: Size | null = null;
  readonly #outgoing = new Outgoing();

  /** An end that goes on after so many bytes, which were consumed before. */
  constructor(received = 0) {
    this.consumed = this.received = this.#acknowledged = received;
  }

  /** A connection stands, whose bytes begin after those that were received. */
  attached(wire: Wire): void {
    this.#wire = wire;
    this.#acknowledged = this.received;
    this.joined = false;
  }

  /** The connection is gone. */
  detached(): void {
    this.#wire = null;
    this.joined = false;
  }

  /** Bytes arrived. */
  arrived(data: Uint8Array): void {
    this.received += data.length;
  }

  /** Bytes that had arrived were consumed; answers whether `acknowledge` shall be called in a moment. */
  took(count: number): boolean {
    this.consumed += count;
    if (this.consumed - this.#acknowledged >= WORTH_SAYING) {
      this.acknowledge();
    }
    return this.consumed > this.#acknowledged;
  }

  /** Says how many bytes were consumed, where that was not said. */
  acknowledge(): void {
    if (this.#wire && this.consumed > this.#acknowledged) {
      this.#acknowledged = this.consumed;
      this.#wire.text({ ack: this.consumed });
    }
  }

  /** The service said something; what is not understood is left to newer pages. */
  said(message: Said): void {
    if (message.readOnly) {
      this.readOnly = true;
    }
    if (message.rewind !== undefined) {
      this.#rewind(message.rewind);
    }
    if (message.ack !== undefined) {
      this.#outgoing.acknowledged(message.ack);
      this.#send();
    }
    if (message.end) {
      this.end ??= { ...NO_END, ...message.end };
    }
  }

  /** Sends bytes as soon as may be; answers false where too many wait already. */
  write(data: Uint8Array<ArrayBuffer>): boolean {
    if (this.readOnly || this.end) {
      return true;
    }
    const fits = this.#outgoing.add(data);
    this.#send();
    return fits;
  }

  /** Says how large the terminal is, now and whenever the other end comes back. */
  resize(size: Size): void {
    this.#size = size;
    if (this.joined) {
      this.#wire?.text({ resize: size });
    }
  }

  /** Ends the pipe; answers whether there is a connection by which that could be said. */
  close(): boolean {
    this.#wire?.text({ end: {} });
    return this.#wire !== null;
  }

  #rewind(to: number): void {
    if (to > this.#outgoing.end) {
      this.end ??= BROKEN;
      this.close();
    } else if (this.#outgoing.rewind(to)) {
      this.joined = true;
      this.#wire?.text({ from: to });
      if (this.#size) {
        this.#wire?.text({ resize: this.#size });
      }
      this.#send();
    }
  }

  #send(): void {
    while (this.#wire && this.joined) {
      const piece = this.#outgoing.next();
      if (!piece) {
        return;
      }
      this.#wire.bytes(piece);
    }
  }
}

/** Bytes that were typed: those that the probe has not consumed, and those that wait for them. */
class Outgoing {
  #kept: Uint8Array<ArrayBuffer>[] = [];
  /** How many bytes are kept, and the number of the first of them. */
  #size = 0;
  #first = 0;
  /** The number of the next one to send. */
  #next = 0;
  /** How many the probe has consumed, as far as is known. */
  #consumed = 0;
  /** Whether the probe said where to begin: a page that was loaded again does not know how much was typed before. */
  #numbered = false;

  /** How many there are since the pipe was opened. */
  get end(): number {
    return this.#numbered ? this.#first + this.#size : Number.POSITIVE_INFINITY;
  }

  add(data: Uint8Array<ArrayBuffer>): boolean {
    if (this.#size + data.length > MOST_WAITING) {
      return false;
    }
    this.#kept.push(data);
    this.#size += data.length;
    return true;
  }

  /** Goes back to a byte; answers whether that is news: what was consumed is not wished for again. */
  rewind(to: number): boolean {
    if (!this.#numbered) {
      this.#numbered = true;
      this.#first = to;
      this.#consumed = Math.max(0, to - WINDOW);
    }
    const news = to >= this.#first;
    this.#next = news ? to : this.#next;
    return news;
  }

  /** The probe has consumed so many, all of which were sent. */
  acknowledged(count: number): void {
    if (this.#numbered && count <= this.#next && count > this.#consumed) {
      this.#consumed = count;
      this.#forget(count);
    }
  }

  /** The next piece to send, undefined where nothing may be sent. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    const credit = Math.min(this.#consumed + WINDOW - this.#next, FRAME);
    let at = this.#next - this.#first;
    for (const chunk of credit > 0 ? this.#kept : []) {
      if (at < chunk.length) {
        const piece = chunk.subarray(at, at + credit);
        this.#next += piece.length;
        return piece;
      }
      at -= chunk.length;
    }
    return undefined;
  }

  #forget(before: number): void {
    let count = before - this.#first;
    while (count > 0) {
      const chunk = this.#kept[0] ?? new Uint8Array(count);
      const less = chunk.subarray(0, count).length;
      this.#kept.splice(0, 1, ...(less < chunk.length ? [chunk.subarray(less)] : []));
      this.#size -= less;
      this.#first += less;
      count -= less;
    }
  }
}
