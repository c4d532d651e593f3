import type { Missing, ViewNode } from "../api/types";
import { type MetricBlock, NOTHING_MISSING } from "./event";
import { Samples, type Series } from "./samples";

/** What became different in a view at once. */
export interface Change {
  /** Whether this is the first that is shown. */
  readonly reset: boolean;
  readonly add: readonly ViewNode[];
  /** Nodes that differ in more than measurements, as they are now. */
  readonly update: readonly ViewNode[];
  readonly remove: readonly string[];
  /** Ids of nodes with new measurements. */
  readonly metrics: ReadonlySet<string>;
}

/** What is to become different; `nodes` with null for those that leave. */
interface Difference {
  readonly nodes: ReadonlyMap<string, ViewNode | null>;
  /** Nodes that are as they were but for the measurements that they carry. */
  readonly measured: ReadonlyMap<string, ViewNode>;
  readonly blocks: readonly MetricBlock[];
  readonly missing: Missing | null;
}

/**
 * The nodes that are shown, for readers to subscribe to.
 *
 * A node that changes is another object; new measurements alone change `metrics` of the node that is there, so that its
 * values are always the newest.
 */
export class View {
  readonly #nodes = new Map<string, ViewNode>();
  readonly #samples = new Samples();
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 0;
  #missing = NOTHING_MISSING;

  /** By id. */
  get nodes(): ReadonlyMap<string, ViewNode> {
    return this.#nodes;
  }

  /** Higher after every change; 0 before anything is shown. */
  get version(): number {
    return this.#version;
  }

  /** What is not shown, or may be out of date. */
  get missing(): Missing {
    return this.#missing;
  }

  /** Calls the listener after every change, until what is answered is called. */
  readonly subscribe = (listener: (change: Change) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The measurements of the last minute. */
  samples(id: string, metric: string): Series {
    return this.#samples.of(id, metric);
  }

  /** Shows what became different. */
  apply({ nodes, measured, blocks, missing }: Difference): void {
    const change = {
      reset: this.#version === 0,
      add: [] as ViewNode[],
      update: [] as ViewNode[],
      remove: [] as string[],
    };
    for (const [id, node] of nodes) {
      if (node) {
        (this.#nodes.has(id) ? change.update : change.add).push(node);
        this.#nodes.set(id, node);
      } else if (this.#nodes.delete(id)) {
        this.#samples.forget(id);
        change.remove.push(id);
      }
    }
    this.#missing = missing ?? this.#missing;
    const metrics = this.#measure(measured, blocks);
    this.#version++;
    for (const listener of this.#listeners) {
      listener({ ...change, metrics });
    }
  }

  #measure(measured: ReadonlyMap<string, ViewNode>, blocks: readonly MetricBlock[]): Set<string> {
    const metrics = new Set<string>();
    const sampled = new Set<string>();
    for (const [id, { metrics: newest }] of measured) {
      const node = this.#nodes.get(id);
      if (node) {
        node.metrics = newest;
        metrics.add(id);
      }
    }
    for (const block of blocks) {
      for (const [index, id] of block.nodes.entries()) {
        if (this.#nodes.has(id) && this.#samples.take(block, index, id)) {
          sampled.add(id);
        }
      }
    }
    sampled.forEach(this.#renew);
    return new Set([...metrics, ...sampled]);
  }

  /** A node's values are those of its newest samples. */
  readonly #renew = (id: string): void => {
    for (const metric of this.#nodes.get(id)?.metrics ?? []) {
      const value = this.#samples.of(id, metric.id).values.at(-1);
      if (value !== undefined) {
        metric.value = value;
        metric.max = Math.max(metric.max, value);
      }
    }
  };
}
