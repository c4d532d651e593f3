import { DirectedGraph } from "graphology";
import type { ViewNode } from "../api/types";
import type { Change } from "../live/view";
import { RADIUS } from "./layout/geometry";
import { Flag, type Look, lookOf } from "./looks";
import type { DrawnEdge, DrawnNode } from "./programs";

/** What a change touched. */
export interface Touched {
  added: string[];
  /** Nodes that look different, or may. */
  changed: string[];
  /** Nodes that left, with where they were. */
  removed: string[];
  /** Ids of edges that are new. */
  joined: string[];
  /** Whether edges left. */
  parted: boolean;
}

/** A graph for drawing, kept in step with a view by what changes in it. */
export class Mirror {
  readonly graph = new DirectedGraph<DrawnNode, DrawnEdge>({ allowSelfLoops: false });
  /** Who has an edge to a node that is not here (yet). */
  readonly #waiting = new Map<string, Set<string>>();
  #metric = "";
  /** Which program draws edges. */
  edges: DrawnEdge["type"] = "curve";

  /** Brings the graph up to date. */
  apply(change: Pick<Change, "add" | "update" | "remove" | "metrics">, nodes: ReadonlyMap<string, ViewNode>): Touched {
    const touched: Touched = { added: [], changed: [], removed: [], joined: [], parted: false };
    for (const id of change.remove) {
      this.#remove(id, touched);
    }
    for (const node of change.add) {
      this.#add(node, touched);
    }
    for (const node of [...change.add, ...change.update]) {
      this.#connect(node, touched);
    }
    for (const node of change.update) {
      this.#look(node, touched);
    }
    for (const id of this.#metric ? change.metrics : []) {
      const node = nodes.get(id);
      if (node) {
        this.#look(node, touched);
      }
    }
    return touched;
  }

  /** Shows another metric, or none; answers which nodes look different. */
  measure(metric: string, nodes: ReadonlyMap<string, ViewNode>): string[] {
    this.#metric = metric;
    const touched: Touched = { added: [], changed: [], removed: [], joined: [], parted: false };
    for (const node of nodes.values()) {
      this.#look(node, touched);
    }
    return touched.changed;
  }

  #add(node: ViewNode, touched: Touched): void {
    if (this.graph.hasNode(node.id)) {
      this.#look(node, touched);
      return;
    }
    const look = lookOf(node, this.#metric);
    this.graph.addNode(node.id, { x: 0, y: 0, size: RADIUS, hidden: true, targets: [], ...look });
    touched.added.push(node.id);
    for (const source of this.#waiting.get(node.id) ?? []) {
      this.#edge(source, node.id, touched);
    }
    this.#waiting.delete(node.id);
  }

  #remove(id: string, touched: Touched): void {
    if (!this.graph.hasNode(id)) {
      return;
    }
    // Who connects to it goes on to do so, should it come back.
    for (const source of this.graph.inNeighbors(id)) {
      this.#wait(source, id);
    }
    for (const target of this.graph.getNodeAttribute(id, "targets")) {
      this.#forget(id, target);
    }
    touched.parted ||= this.graph.degree(id) > 0;
    touched.removed.push(id);
    this.graph.dropNode(id);
  }

  #connect({ id, adjacency }: ViewNode, touched: Touched): void {
    const wanted = new Set(adjacency);
    for (const target of this.graph.getNodeAttribute(id, "targets")) {
      if (!wanted.has(target)) {
        this.#part(id, target, touched);
      }
    }
    this.graph.setNodeAttribute(id, "targets", adjacency);
    for (const target of wanted) {
      if (target !== id && !this.graph.hasDirectedEdge(id, target)) {
        this.#edge(id, target, touched);
      }
    }
  }

  #edge(source: string, target: string, touched: Touched): void {
    if (!this.graph.hasNode(target)) {
      this.#wait(source, target);
    } else if (this.graph.hasNode(source) && !this.graph.hasDirectedEdge(source, target)) {
      touched.joined.push(this.graph.addEdge(source, target, { type: this.edges, flags: 0 }));
    }
  }

  #part(source: string, target: string, touched: Touched): void {
    this.#forget(source, target);
    if (this.graph.hasDirectedEdge(source, target)) {
      this.graph.dropEdge(source, target);
      touched.parted = true;
    }
  }

  #forget(source: string, target: string): void {
    const sources = this.#waiting.get(target);
    if (sources?.delete(source) && sources.size === 0) {
      this.#waiting.delete(target);
    }
  }

  #wait(source: string, target: string): void {
    const sources = this.#waiting.get(target) ?? new Set();
    this.#waiting.set(target, sources.add(source));
  }

  /** What the pointer and the search did to a node stays; what it is of itself is taken over. */
  #look(node: ViewNode, touched: Touched): void {
    if (!this.graph.hasNode(node.id)) {
      return;
    }
    const now = this.graph.getNodeAttributes(node.id);
    const look = lookOf(node, this.#metric);
    const flags = look.flags | (now.flags & KEPT);
    if (!same(now, look) || now.flags !== flags) {
      Object.assign(now, look, { flags });
      touched.changed.push(node.id);
    }
  }
}

/** Flags that are no part of a node. */
const KEPT = Flag.LIT | Flag.MARKED | Flag.CHOSEN;

function same(one: Look, other: Look): boolean {
  return one.shape === other.shape && one.fill === other.fill && one.tint === other.tint;
}
