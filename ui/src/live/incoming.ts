import type { Missing, ViewNode } from "../api/types";
import type { ChangeEvent, MetricBlock } from "./event";
import { sameNode } from "./same";
import { KEPT } from "./samples";
import type { View } from "./view";

/**
 * What came for a view and is not shown yet, merged: however long it waits, there is at most one change of each node, and
 * the measurements of a minute.
 */
export class Incoming {
  readonly #view: View;
  #nodes = new Map<string, ViewNode | null>();
  #measured = new Map<string, ViewNode>();
  #blocks: { block: MetricBlock; came: number }[] = [];
  #missing: Missing | null = null;
  #waits = false;

  constructor(view: View) {
    this.#view = view;
  }

  /** How many nodes differ from what is shown. */
  get count(): number {
    return this.#nodes.size;
  }

  /** Whether there is anything to show: that there are no nodes may be news. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Takes in a change; `now` in milliseconds. */
  take(change: ChangeEvent, now: number): void {
    this.#waits = true;
    change.remove.forEach(this.#remove);
    change.add.forEach(this.#put);
    change.update.forEach(this.#put);
    this.#blocks.push(...change.metrics.map((block) => ({ block, came: now })));
    this.#blocks = this.#blocks.filter(({ came }) => came >= now - KEPT);
    this.#missing = change.missing ?? this.#missing;
  }

  /** Takes in all that there is; what is not in it leaves. */
  replace(changes: readonly ChangeEvent[], now: number): void {
    const there = new Set(changes.flatMap(({ add, update }) => [...add, ...update].map(({ id }) => id)));
    for (const id of [...this.#view.nodes.keys(), ...this.#nodes.keys()]) {
      if (!there.has(id)) {
        this.#remove(id);
      }
    }
    for (const change of changes) {
      this.take(change, now);
    }
  }

  /** Shows it. */
  show(): void {
    const difference = {
      nodes: this.#nodes,
      measured: this.#measured,
      blocks: this.#blocks.map(({ block }) => block),
      missing: this.#missing,
    };
    this.#nodes = new Map();
    this.#measured = new Map();
    this.#blocks = [];
    this.#missing = null;
    this.#waits = false;
    this.#view.apply(difference);
  }

  readonly #put = (node: ViewNode): void => {
    const shown = this.#view.nodes.get(node.id);
    if (shown && sameNode(shown, node)) {
      this.#nodes.delete(node.id);
      this.#measured.set(node.id, node);
    } else {
      this.#measured.delete(node.id);
      this.#nodes.set(node.id, node);
    }
  };

  readonly #remove = (id: string): void => {
    this.#measured.delete(id);
    if (this.#view.nodes.has(id)) {
      this.#nodes.set(id, null);
    } else {
      this.#nodes.delete(id);
    }
  };
}
