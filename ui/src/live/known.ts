import type { ViewNode } from "../api/types";
import { type ChangeEvent, changeOf, type MetricBlock, NOTHING_MISSING } from "./event";
import { KEPT } from "./samples";

/** A change for those who have everything before it. */
export interface Step {
  reset: boolean;
  parts: string[];
}

/** Nodes in a part of all that is known, as in an event of the service. */
const PART = 500;

/** All that is known of a feed, for pages that come to it later. */
export class Known {
  #nodes = new Map<string, ViewNode>();
  #blocks: { block: MetricBlock; came: number }[] = [];
  #missing = NOTHING_MISSING;
  #whole = false;
  #coming: string[] = [];

  /** Whether all nodes that there are were told once. */
  get whole(): boolean {
    return this.#whole;
  }

  /**
   * Takes in an event and answers what to pass on: of a reset nothing before it is complete, which is when an event has
   * an id. `now` in milliseconds.
   */
  take(name: string, data: string, id: string, now: number): Step | null {
    if (name === "reset") {
      this.#coming = [];
    }
    if (name !== "reset" && this.#coming.length === 0) {
      this.#apply(JSON.parse(data), now);
      return { reset: false, parts: [data] };
    }
    this.#coming.push(data);
    return id ? this.#complete(now) : null;
  }

  /** Forgets a reset that did not become complete. */
  interrupted(): void {
    this.#coming = [];
  }

  /** All of it, as one is told who has nothing. */
  all(): Step {
    const nodes = [...this.#nodes.values()];
    const parts: string[] = [];
    for (let from = 0; from < nodes.length; from += PART) {
      parts.push(JSON.stringify(changeOf({ add: nodes.slice(from, from + PART) })));
    }
    const metrics = this.#blocks.map(({ block }) => block);
    parts.push(JSON.stringify(changeOf({ metrics, missing: this.#missing })));
    return { reset: true, parts };
  }

  #complete(now: number): Step {
    const parts = this.#coming;
    this.#coming = [];
    this.#nodes = new Map();
    this.#missing = NOTHING_MISSING;
    for (const part of parts) {
      this.#apply(JSON.parse(part), now);
    }
    this.#whole = true;
    return { reset: true, parts };
  }

  #apply(change: ChangeEvent, now: number): void {
    for (const id of change.remove) {
      this.#nodes.delete(id);
    }
    for (const node of [...change.add, ...change.update]) {
      this.#nodes.set(node.id, node);
    }
    this.#blocks.push(...change.metrics.map((block) => ({ block, came: now })));
    this.#blocks = this.#blocks.filter(({ came }) => came >= now - KEPT);
    this.#missing = change.missing ?? this.#missing;
  }
}
