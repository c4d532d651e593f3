import type { DirectedGraph } from "graphology";
import { Flag } from "./looks";
import type { DrawnEdge, DrawnNode } from "./programs";

type Graph = DirectedGraph<DrawnNode, DrawnEdge>;

/** What was touched, to be drawn again. */
export interface Redrawn {
  nodes: string[];
  edges: string[];
}

/** Sets and clears flags of nodes and edges; only what differs is touched. */
export class Flags {
  #lit: Redrawn = { nodes: [], edges: [] };
  #marked: ReadonlySet<string> = new Set();
  #chosen = "";

  constructor(private readonly graph: Graph) {}

  /** A node and all around it stand out; null: nothing does. Answers what to draw again. */
  light(id: string | null): Redrawn {
    const before = this.#lit;
    this.#lit = { nodes: [], edges: [] };
    if (id !== null && this.graph.hasNode(id)) {
      this.#lit = { nodes: [id, ...this.graph.neighbors(id)], edges: this.graph.edges(id) };
    }
    const nodes = [...this.#set(before.nodes, Flag.LIT, false), ...this.#set(this.#lit.nodes, Flag.LIT, true)];
    const edges = before.edges.filter((edge) => this.graph.hasEdge(edge));
    for (const edge of edges) {
      this.graph.getEdgeAttributes(edge).flags = 0;
    }
    for (const edge of this.#lit.edges) {
      this.graph.getEdgeAttributes(edge).flags = Flag.LIT;
    }
    return { nodes, edges: [...edges, ...this.#lit.edges] };
  }

  /** Nodes that a search found; also to be called when nodes were added. */
  mark(ids: ReadonlySet<string>): string[] {
    const before = this.#marked;
    this.#marked = ids;
    return [
      ...this.#set(
        [...before].filter((id) => !ids.has(id)),
        Flag.MARKED,
        false,
      ),
      ...this.#set(ids, Flag.MARKED, true),
    ];
  }

  /** The node whose details are open, or none. */
  choose(id: string): string[] {
    const before = this.#chosen;
    this.#chosen = id;
    return [
      ...this.#set(
        [before].filter((each) => each !== id),
        Flag.CHOSEN,
        false,
      ),
      ...this.#set([id], Flag.CHOSEN, true),
    ];
  }

  /** Flags for nodes that came after they were set. */
  again(): Redrawn {
    return { nodes: [...this.mark(this.#marked), ...this.choose(this.#chosen)], edges: [] };
  }

  /** Ids that stand out, the most important first. */
  *standing(): Generator<string> {
    yield* this.#lit.nodes;
    if (this.#chosen) {
      yield this.#chosen;
    }
    yield* this.#marked;
  }

  #set(ids: Iterable<string>, flag: number, on: boolean): string[] {
    const touched: string[] = [];
    for (const id of ids) {
      if (this.graph.hasNode(id)) {
        const node = this.graph.getNodeAttributes(id);
        const flags = on ? node.flags | flag : node.flags & ~flag;
        if (flags !== node.flags) {
          node.flags = flags;
          touched.push(id);
        }
      }
    }
    return touched;
  }
}
