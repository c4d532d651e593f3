import { expect, test } from "vitest";
import { MOST_WAITING, PipeEnd, WINDOW } from "./pipe";

type Bytes = Uint8Array<ArrayBuffer>;

/** Numbers that look like chance, the same for each seed. */
function chance(seed: number): (below: number) => number {
  let state = seed + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function some(count: number, random: (below: number) => number): Bytes {
  return Uint8Array.from({ length: count }, () => random(256));
}

function joined(pieces: readonly Bytes[]): string {
  return pieces.map((piece) => Array.from(piece, (one) => String.fromCharCode(one)).join("")).join("");
}

/** The probe and all that is between: each direction is cut anywhere, and what was under way is gone then. */
class Far {
  readonly typed: Bytes[] = [];
  received = 0;
  consumed = 0;
  #from = 0;
  #out: (Bytes | object)[] = [];
  #printed: Bytes[] = [];
  #sent = 0;
  #acknowledged = 0;

  constructor(readonly end: PipeEnd) {}

  attach(): void {
    this.#out = [];
    this.#sent = this.end.received;
    const wire = {
      bytes: (data: Bytes) => this.#out.push(data.slice()),
      text: (message: object) => this.#out.push(message),
    };
    this.end.attached(wire);
    this.rewind();
  }

  /** As an end does when it is joined; an older wish may come late. */
  rewind(): void {
    this.end.said({ rewind: this.received });
    this.end.said({ ack: this.consumed });
    this.end.said({ rewind: Math.floor(this.consumed / 2) });
  }

  cut(): void {
    this.#out = [];
    this.end.detached();
  }

  /** The next message of the browser arrives; answers whether there was one. */
  take(): boolean {
    const message = this.#out.shift();
    if (message instanceof Uint8Array) {
      this.#bytes(message);
    } else if (message && "from" in message) {
      this.#from = Number(message.from);
    } else if (message && "ack" in message) {
      this.#acknowledged = Number(message.ack);
    }
    return message !== undefined;
  }

  #bytes(data: Bytes): void {
    const fresh = data.subarray(Math.max(0, this.received - this.#from));
    expect(this.#from).toBeLessThanOrEqual(this.received);
    this.#from += data.length;
    expect(this.#from).toBeLessThanOrEqual(this.consumed + WINDOW);
    this.typed.push(fresh);
    this.received += fresh.length;
  }

  consume(share: number): void {
    this.consumed += Math.floor((this.received - this.consumed) * share);
    this.end.said({ ack: this.consumed });
  }

  print(data: Bytes): void {
    this.#printed.push(data);
  }

  /** Some of what was printed arrives. */
  send(count: number): Bytes {
    const all = joined(this.#printed);
    const piece = Uint8Array.from(all.slice(this.#sent, this.#sent + count), (one) => one.charCodeAt(0));
    expect(this.#acknowledged).toBeLessThanOrEqual(this.end.consumed);
    this.#sent += piece.length;
    this.end.arrived(piece);
    return piece;
  }

  get printed(): string {
    return joined(this.#printed);
  }
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "nothing is lost or doubled, wherever it is cut (%i)",
  (seed) => {
    const random = chance(seed);
    const end = new PipeEnd();
    const far = new Far(end);
    const typed: Bytes[] = [];
    const shown: Bytes[] = [];
    const deeds = [
      () => {
        const data = some(random(random(8) === 0 ? 100_000 : 20), random);
        typed.push(data);
        expect(end.write(data)).toBe(true);
      },
      () => far.take(),
      () => far.take(),
      () => far.consume(random(3) / 2),
      () => far.print(some(random(50), random)),
      () => {
        const piece = far.send(random(80));
        shown.push(piece);
        end.took(piece.length);
      },
      () => end.acknowledge(),
      () => {
        far.cut();
        far.attach();
      },
    ];
    far.attach();
    for (let step = 0; step < 300; step += 1) {
      deeds[random(deeds.length)]?.();
    }
    far.cut();
    far.attach();
    let more = true;
    while (more) {
      more = far.take();
      far.consume(1);
    }
    shown.push(far.send(100_000));
    expect(joined(far.typed)).toBe(joined(typed));
    expect(joined(shown)).toBe(far.printed);
  },
);

/** A pipe whose messages are kept in a list. */
function listened(received = 0): { end: PipeEnd; out: (Bytes | object)[] } {
  const end = new PipeEnd(received);
  const out: (Bytes | object)[] = [];
  end.attached({ bytes: (data) => out.push(data), text: (message) => out.push(message) });
  return { end, out };
}

test("what is typed before the other end is there waits for it, and a large paste for credit", () => {
  const { end, out } = listened();
  expect(end.write(new Uint8Array(10_000_000))).toBe(true);
  expect(out).toEqual([]);
  end.said({ rewind: 0 });
  expect(out[0]).toEqual({ from: 0 });
  const sent = () => out.reduce((sum, one) => sum + (one instanceof Uint8Array ? one.length : 0), 0);
  expect(sent()).toBe(WINDOW);
  end.said({ ack: 1000 });
  expect(sent()).toBe(WINDOW + 1000);
  for (let got = 0; sent() < 10_000_000; got += WINDOW / 2) {
    end.said({ ack: got });
  }
  expect(sent()).toBe(10_000_000);
  expect(out.every((one) => !(one instanceof Uint8Array) || one.length <= 65_536)).toBe(true);
});

test("more than can wait is refused", () => {
  const { end } = listened();
  expect(end.write(new Uint8Array(MOST_WAITING))).toBe(true);
  expect(end.write(new Uint8Array(1))).toBe(false);
});

test("a page that was loaded again goes on where the probe is, and says what it shows", () => {
  const { end, out } = listened(500);
  end.resize({ width: 80, height: 24 });
  end.write(Uint8Array.of(1, 2));
  end.said({ rewind: 7_000 });
  expect(out).toEqual([{ from: 7_000 }, { resize: { width: 80, height: 24 } }, Uint8Array.of(1, 2)]);
  end.arrived(new Uint8Array(40));
  expect(end.took(40)).toBe(true);
  end.acknowledge();
  expect(out.at(-1)).toEqual({ ack: 540 });
});

test("of what only may be read nothing is sent", () => {
  const { end, out } = listened();
  end.said({ readOnly: true, rewind: 0 });
  end.write(Uint8Array.of(1));
  expect(out).toEqual([{ from: 0 }]);
});

test("what was never typed cannot be had there: it ends", () => {
  const { end, out } = listened();
  end.said({ rewind: 0 });
  end.write(Uint8Array.of(1, 2, 3));
  end.said({ rewind: 4 });
  expect(end.end?.message).toContain("never typed");
  expect(out.at(-1)).toEqual({ end: {} });
});

test("the first end counts", () => {
  const { end } = listened();
  end.said({ end: { reason: "END_REASON_EXITED", exitStatus: 3 } });
  end.said({ end: { reason: "END_REASON_CLOSED" } });
  expect(end.end).toEqual({ reason: "END_REASON_EXITED", message: "", exitStatus: 3 });
});
