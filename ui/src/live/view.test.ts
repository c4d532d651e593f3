// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { ViewNode } from "../api/types";
import type { ChangeEvent, MetricBlock } from "./event";
import { Incoming } from "./incoming";
import { Known, type Step } from "./known";
import { change, nodeOf, numbers } from "./testing";
import { type Change, View } from "./view";

function metric(id: string, value: number): ViewNode["metrics"][number] {
  return { id, label: id, format: "", group: "", value, priority: 1, samples: [], min: 0, max: 100 };
}

function block(nodes: string[], times: number[], values: MetricBlock["values"]): MetricBlock {
  return { nodes, times, values };
}

function viewOf(...nodes: ViewNode[]): { view: View; incoming: Incoming; changes: Change[] } {
  const view = new View();
  const incoming = new Incoming(view);
  incoming.replace([change({ add: nodes })], 0);
  incoming.show();
  const changes: Change[] = [];
  view.subscribe((one) => changes.push(one));
  return { view, incoming, changes };
}

function ids(nodes: readonly ViewNode[]): string[] {
  return nodes.map(({ id }) => id);
}

describe("a view", () => {
  it("says what became different", () => {
    const { view, incoming, changes } = viewOf(nodeOf("a"), nodeOf("b"));
    incoming.take(change({ add: [nodeOf("c")], update: [nodeOf("a", { label: "A" })], remove: ["b", "never"] }), 0);
    incoming.show();
    expect([...view.nodes.keys()].sort()).toEqual(["a", "c"]);
    expect(view.nodes.get("a")?.label).toBe("A");
    const [only] = changes;
    expect(only && [ids(only.add), ids(only.update), only.remove, only.reset]).toEqual([["c"], ["a"], ["b"], false]);
  });

  it("shows all anew as what differs, measurements apart", () => {
    const { view, incoming, changes } = viewOf(nodeOf("a", { metrics: [metric("cpu", 1)] }), nodeOf("b"), nodeOf("c"));
    const before = view.nodes.get("a");
    const now = [nodeOf("a", { metrics: [metric("cpu", 2)] }), nodeOf("b", { label: "B" }), nodeOf("d")];
    incoming.replace([change({ add: now.slice(0, 1) }), change({ add: now.slice(1) })], 0);
    incoming.show();
    const [only] = changes;
    expect(only && [ids(only.add), ids(only.update), only.remove, [...only.metrics]]).toEqual([
      ["d"],
      ["b"],
      ["c"],
      ["a"],
    ]);
    expect(view.nodes.get("a")).toBe(before);
    expect(before?.metrics[0]?.value).toBe(2);
  });

  it("counts nodes that differ while it stands still, and each once", () => {
    const { view, incoming } = viewOf(nodeOf("a"), nodeOf("b"));
    incoming.take(change({ add: [nodeOf("c")], update: [nodeOf("a", { label: "1" })] }), 0);
    incoming.take(change({ remove: ["c"], update: [nodeOf("a", { label: "2" })] }), 0);
    incoming.take(change({ remove: ["b"] }), 0);
    expect(incoming.count).toBe(2);
    incoming.take(change({ update: [nodeOf("a")], add: [nodeOf("b")] }), 0);
    expect(incoming.count).toBe(0);
    expect([...view.nodes.keys()]).toEqual(["a", "b"]);
  });

  it("keeps a minute of samples, whatever order they come in, and shows the newest value", () => {
    const { view, incoming } = viewOf(nodeOf("a", { metrics: [metric("cpu", 1)] }), nodeOf("b"));
    const early = block(["b", "a"], [1_000, 2_000], { cpu: [null, null, 5, 7] });
    const late = block(["a", "gone"], [30_000, 61_500], { cpu: [8, 900, 1, 1] });
    incoming.take(change({ metrics: [late, early, early] }), 0);
    incoming.show();
    expect(view.samples("a", "cpu")).toEqual({ times: [2_000, 30_000, 61_500], values: [7, 8, 900] });
    expect(view.samples("b", "cpu").times).toEqual([]);
    expect(view.samples("gone", "cpu").times).toEqual([]);
    expect(view.nodes.get("a")?.metrics[0]).toMatchObject({ value: 900, max: 900 });
  });

  it("forgets the samples of a node that left", () => {
    const { view, incoming } = viewOf(nodeOf("a"));
    incoming.take(change({ metrics: [block(["a"], [1], { cpu: [1] })] }), 0);
    incoming.show();
    incoming.take(change({ remove: ["a"] }), 0);
    incoming.show();
    incoming.take(change({ add: [nodeOf("a")] }), 0);
    incoming.show();
    expect(view.samples("a", "cpu").times).toEqual([]);
  });

  it("keeps few samples however many come", () => {
    const { view, incoming } = viewOf(nodeOf("a"));
    const times = Array.from({ length: 5_000 }, (_, at) => at);
    incoming.take(change({ metrics: [block(["a"], times, { cpu: times })] }), 0);
    incoming.show();
    expect(view.samples("a", "cpu").times).toEqual(times.slice(-240));
  });

  it("keeps the series of few metrics however often they are called otherwise", () => {
    const { view, incoming } = viewOf(nodeOf("a"));
    const called = (from: number) => Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`m${from + at}`, [1]]));
    for (let from = 0; from < 2_000; from += 250) {
      incoming.take(change({ metrics: [block(["a"], [from], called(from))] }), 0);
    }
    incoming.show();
    const kept = Array.from({ length: 2_500 }, (_, at) => view.samples("a", `m${at}`).times.length > 0);
    expect(kept.indexOf(true)).toBe(1_750);
    expect(kept.filter(Boolean)).toHaveLength(500);
  });

  it("forgets measurements that waited for more than a minute", () => {
    const { view, incoming } = viewOf(nodeOf("a"));
    for (let second = 0; second <= 100; second++) {
      incoming.take(change({ metrics: [block(["a"], [second], { cpu: [1] })] }), second * 1000);
    }
    incoming.show();
    expect(view.samples("a", "cpu").times).toEqual(Array.from({ length: 61 }, (_, at) => 40 + at));
  });
});

describe("whatever happens", () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed + 1))("views show what there is (%i)", (seed) => {
    new World(seed).live(300);
  });
});

/** A service that tells at random what changes, a worker that follows it, and pages that come and stand still at random. */
class World {
  readonly #random: () => number;
  readonly #truth = new Map<string, ViewNode>();
  readonly #known = new Known();
  readonly #pages: { view: View; incoming: Incoming; mirror: Set<string> }[] = [];

  constructor(seed: number) {
    this.#random = numbers(seed);
  }

  live(steps: number): void {
    this.#reset();
    for (let step = 0; step < steps; step++) {
      const actions: [() => void, ...(() => void)[]] = [
        this.#change,
        this.#change,
        this.#change,
        this.#join,
        this.#show,
        this.#show,
        this.#again,
      ];
      this.#one(actions).call(this);
    }
    for (const { view, incoming, mirror } of this.#pages.filter(Boolean)) {
      incoming.show();
      expect(new Map([...view.nodes].sort())).toEqual(new Map([...this.#truth].sort()));
      expect([...mirror].sort()).toEqual([...this.#truth.keys()].sort());
    }
  }

  #one<T>(of: readonly [T, ...T[]]): T {
    return of[Math.floor(this.#random() * of.length)] ?? of[0];
  }

  #name(): string {
    return `n${Math.floor(this.#random() * 12)}`;
  }

  #node(id: string): ViewNode {
    const value = Math.floor(this.#random() * 100);
    return nodeOf(id, { label: this.#one(["x", "y"]), adjacency: [this.#name()], metrics: [metric("cpu", value)] });
  }

  #change(): void {
    const told = change({});
    for (let count = 0; count < 3; count++) {
      const id = this.#name();
      const there = this.#truth.delete(id);
      if ([...told.add, ...told.update].some((one) => one.id === id) || (there && this.#random() < 0.4)) {
        told.remove.push(id);
        told.add = told.add.filter((one) => one.id !== id);
        told.update = told.update.filter((one) => one.id !== id);
      } else {
        const node = this.#node(id);
        this.#truth.set(id, node);
        (there ? told.update : told.add).push(node);
        told.remove = told.remove.filter((one) => one !== id);
      }
    }
    this.#tell("update", told, this.#one(["", "cursor"]));
  }

  /** The service tells all of it anew, now and then after it was broken off while it did. */
  #again(): void {
    if (this.#random() < 0.5) {
      this.#tell("reset", change({ add: [this.#node("half")] }), "");
      this.#tell("update", change({ add: [this.#node("whole")] }), "");
      this.#known.interrupted();
    }
    for (let count = 0; count < 3; count++) {
      this.#truth.delete(this.#name());
      const node = this.#node(this.#name());
      this.#truth.set(node.id, node);
    }
    this.#reset();
  }

  #reset(): void {
    const nodes = [...this.#truth.values()];
    this.#tell("reset", change({ add: nodes.slice(0, 4) }), nodes.length > 4 ? "" : "cursor");
    if (nodes.length > 4) {
      this.#tell("update", change({ add: nodes.slice(4, 8) }), "");
      this.#tell("update", change({ add: nodes.slice(8) }), "cursor");
    }
  }

  #tell(name: string, told: ChangeEvent, id: string): void {
    const step = this.#known.take(name, JSON.stringify(told), id, 0);
    for (const { incoming } of step ? this.#pages.filter(Boolean) : []) {
      take(incoming, step);
    }
  }

  /** A page comes, and takes the place of another where there are many. */
  #join(): void {
    const view = new View();
    const incoming = new Incoming(view);
    const mirror = new Set<string>();
    view.subscribe((difference) => reflect(mirror, difference));
    this.#pages[Math.floor(this.#random() * 4)] = { view, incoming, mirror };
    take(incoming, this.#known.all());
  }

  #show(): void {
    const page = this.#pages[Math.floor(this.#random() * this.#pages.length)];
    page?.incoming.show();
  }
}

function take(incoming: Incoming, step: Step | null): void {
  const changes = (step?.parts ?? []).map((part): ChangeEvent => JSON.parse(part));
  if (step?.reset) {
    incoming.replace(changes, 0);
  } else {
    for (const one of changes) {
      incoming.take(one, 0);
    }
  }
}

/** Who goes by changes alone: none may be told twice, nor be left out. */
function reflect(mirror: Set<string>, { add, update, remove }: Change): void {
  const left = remove.every((id) => mirror.delete(id));
  const fresh = add.every(({ id }) => !mirror.has(id) && mirror.add(id));
  expect([left, fresh, update.every(({ id }) => mirror.has(id))]).toEqual([true, true, true]);
}
