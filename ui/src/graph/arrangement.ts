import type { DirectedGraph } from "graphology";
import { Taken } from "./layout/free";
import { bounds, PITCH_X, PITCH_Y, type Point } from "./layout/geometry";
import type { Layout, Task } from "./layout/task";
import type { Touched } from "./mirror";
import type { DrawnEdge, DrawnNode } from "./programs";

/** Of more than this share of a picture's nodes being new, gone or connected otherwise, a new picture is made. */
const MUCH = 0.3;

/** So many places of nodes that left are kept, should they come back. */
const REMEMBERED = 20_000;

type Graph = DirectedGraph<DrawnNode, DrawnEdge>;

/** Something that lays out, such as a worker. Answers through what it was made with. */
export interface Layouter {
  ask(task: Task): void;
  end(): void;
}

/** Where nodes are, kept for as long as the page lives: who comes back to a map finds it as it was. */
export interface Memory {
  places: Map<string, Point>;
}

/**
 * Gives nodes their places. Who is there stays; who comes is put near its neighbours, where there is room. Only where
 * much has changed, or somebody wishes it, everything is laid out anew.
 */
export class Arrangement {
  /** What differs from the last picture: nodes put in since, how many left, and those that were alone and no longer are. */
  readonly #fresh = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #alone = new Set<string>();
  #gone = 0;
  /** Nodes of the task that is being worked on. */
  #asked: string[] = [];
  /** Whether a better layout of them is to come. */
  #asking = false;
  #size = 0;
  /** Whether nothing can be shown before the layout that was asked for is here. */
  #awaited = true;

  constructor(
    private readonly graph: Graph,
    private readonly groupOf: (id: string) => string,
    private readonly memory: Memory,
    private readonly layouter: Layouter,
  ) {}

  /** Whether there is a picture, so that what comes can be put into it. */
  get settled(): boolean {
    return !this.#awaited;
  }

  /** Whether nodes stay where they are until something changes. */
  get resting(): boolean {
    return this.settled && !this.#asking;
  }

  /** Finds places after a change. */
  follow(touched: Touched): void {
    if (!this.settled) {
      this.#recall(touched.added);
      return;
    }
    this.#put(touched.added);
    this.#count(touched);
    const differs = this.#fresh.size + this.#gone + this.#changed.size;
    if (differs > MUCH * Math.max(this.#size, this.graph.order)) {
      this.anew();
    }
  }

  /** Lays everything out anew. */
  anew(): void {
    const task = this.#task();
    this.#asked = task.ids;
    this.#asking = true;
    this.layouter.ask(task);
    this.#begin();
  }

  /** Where nodes go by a layout that was asked for; those that left meanwhile are not in it. */
  answered(layout: Layout): Map<string, Point> {
    this.#awaited = false;
    this.#asking = !layout.last;
    const goals = new Map<string, Point>();
    this.#asked.forEach((id, at) => {
      if (this.graph.hasNode(id)) {
        goals.set(id, { x: layout.places[at * 2] ?? 0, y: layout.places[at * 2 + 1] ?? 0 });
      }
    });
    if (this.graph.order > goals.size) {
      const others = this.graph.filterNodes((id) => !goals.has(id));
      for (const [id, place] of this.#near(others, goals)) {
        goals.set(id, place);
      }
    }
    return goals;
  }

  /** Puts a node somewhere. */
  place(id: string, place: Point): void {
    const node = this.graph.getNodeAttributes(id);
    node.x = place.x;
    node.y = -place.y;
    node.hidden = false;
    remember(this.memory.places, id, place);
  }

  /** All nodes are where they were the last time, or a picture is asked for. */
  #recall(added: string[]): void {
    if (!added.length) {
      return;
    }
    const known = added.filter((id) => this.memory.places.has(id));
    if (added.length < this.graph.order || known.length < added.length * (1 - MUCH)) {
      this.anew();
      return;
    }
    for (const id of known) {
      this.place(id, this.memory.places.get(id) ?? { x: 0, y: 0 });
    }
    this.#awaited = false;
    this.#begin();
    this.#put(added.filter((id) => !this.memory.places.has(id)));
  }

  #begin(): void {
    this.#fresh.clear();
    this.#changed.clear();
    this.#gone = 0;
    this.#size = this.graph.order;
    this.#alone.clear();
    this.graph.forEachNode((id) => {
      if (this.graph.degree(id) === 0) {
        this.#alone.add(id);
      }
    });
  }

  #count(touched: Touched): void {
    for (const id of touched.added) {
      this.#fresh.add(id);
    }
    for (const id of touched.removed) {
      this.#changed.delete(id);
      if (!this.#fresh.delete(id)) {
        this.#gone++;
      }
    }
    for (const edge of touched.joined) {
      for (const id of this.graph.extremities(edge)) {
        if (this.#alone.has(id)) {
          this.#changed.add(id);
        }
      }
    }
  }

  #put(added: string[]): void {
    if (!added.length) {
      return;
    }
    const here = new Map<string, Point>();
    this.graph.forEachNode((id, { x, y, hidden }) => {
      if (!hidden) {
        here.set(id, { x, y: -y });
      }
    });
    for (const [id, place] of this.#near(added, here)) {
      this.place(id, place);
    }
  }

  /** Free places for nodes: where each was, else amid its neighbours, else beside its likes, else below everything. */
  #near(ids: string[], here: ReadonlyMap<string, Point>): Map<string, Point> {
    const taken = new Taken();
    const groups = new Map<string, Point>();
    for (const [id, place] of here) {
      taken.take(place);
      if (this.graph.degree(id) === 0) {
        groups.set(this.groupOf(id), place);
      }
    }
    const box = bounds(here.values());
    const below = { x: ((box?.left ?? 0) + (box?.right ?? 0)) / 2, y: (box?.bottom ?? 0) + PITCH_Y * 1.5 };
    const found = new Map<string, Point>();
    for (const id of this.#connectedFirst(ids, here)) {
      const near = this.graph.neighbors(id).flatMap((other) => here.get(other) ?? found.get(other) ?? []);
      const wish = this.memory.places.get(id) ?? amid(near) ?? groups.get(this.groupOf(id)) ?? below;
      found.set(id, taken.nearest(wish));
    }
    return found;
  }

  /** Those with neighbours that have places before those whose neighbours are new themselves; else in order of ids. */
  #connectedFirst(ids: string[], here: ReadonlyMap<string, Point>): string[] {
    const known = new Map(ids.map((id) => [id, this.graph.someNeighbor(id, (other) => here.has(other))]));
    return [...ids].sort((one, other) => Number(known.get(other)) - Number(known.get(one)) || (one < other ? -1 : 1));
  }

  #task(): Task {
    const ids = this.graph.nodes().sort();
    const at = new Map(ids.map((id, index) => [id, index]));
    const pairs: [number, number][] = this.graph.mapEdges((_, __, from, to) => [at.get(from) ?? 0, at.get(to) ?? 0]);
    pairs.sort(([one, to], [other, otherTo]) => one - other || to - otherTo);
    return { ids, groups: ids.map(this.groupOf), edges: Uint32Array.from(pairs.flat()) };
  }
}

function amid(places: Point[]): Point | undefined {
  const count = places.length;
  if (!count) {
    return undefined;
  }
  const x = places.reduce((sum, place) => sum + place.x, 0) / count;
  const y = places.reduce((sum, place) => sum + place.y, 0) / count;
  // Right on its only neighbour there is no room anyway: below it, where servers stand.
  return count === 1 ? { x, y: y + PITCH_Y } : { x: Math.round(x / PITCH_X) * PITCH_X, y };
}

function remember(places: Map<string, Point>, id: string, place: Point): void {
  places.delete(id);
  places.set(id, place);
  if (places.size > REMEMBERED) {
    const [oldest] = places.keys();
    places.delete(oldest ?? id);
  }
}
