import type { ViewNode } from "../api/types";
import type { Change } from "../live/view";
import { followTheme } from "../style/theme";
import { Arrangement } from "./arrangement";
import { around, type Look, type Size, zoomed } from "./camera";
import { Flags, type Redrawn } from "./focus";
import { hit, nearest, next, type Target } from "./hits";
import { drawLabels } from "./labels";
import { bounds, type Point } from "./layout/geometry";
import type { Layout } from "./layout/task";
import { startLayouter } from "./layouter";
import type { Remembered } from "./memory";
import { Mirror, type Touched } from "./mirror";
import { Motion } from "./motion";
import type { DrawnEdge, Mood } from "./programs";
import { Stage } from "./stage";
import { readTheme } from "./theme";

/** Nodes by id, and what becomes different in them: a View. */
export interface Source {
  readonly nodes: ReadonlyMap<string, ViewNode>;
  subscribe(listener: (change: Change) => void): () => void;
}

/** Where a node is on the screen, in pixels from the upper left corner of the map. */
export interface Pointed {
  id: string;
  x: number;
  y: number;
}

export interface Events {
  open(id: string): void;
  /** A node is looked at, or none any more. */
  point(pointed: Pointed | null): void;
}

/** From so many edges on they are straight: nobody follows a single one among them, and curves cost more. */
const STRAIGHT_FROM = 2_500;

/** Where there are more nodes they are not seen moving: each step would take longer than a frame. */
const MOVED_AT_ONCE_FROM = 1_200;
const MOVE_MS = 420;
const STEP_BACK_MS = 140;
const NUDGE = 80;

/** What the time from a change to its picture is measured as. */
const DRAWN = "scope.graph.drawn";

/** Set on the map while it is a still picture, for whoever takes one. */
const AT_REST = "data-at-rest";

/** The map on the screen: keeps what is drawn in step with a source. */
export class Scene {
  readonly #mirror = new Mirror();
  readonly #flags = new Flags(this.#mirror.graph);
  readonly #moving = new Motion();
  readonly #stepping = new Motion();
  readonly #mood: Mood;
  readonly #arrangement: Arrangement;
  readonly #endings: (() => void)[];
  #stage: Stage;
  #targets: Target[] | null = null;
  #pointed: string | null = null;
  #metric = "";
  /** Whether the camera is where a person put it. */
  #moved = false;
  #told = "";
  /** When the first change came that is not drawn yet. */
  #since: number | null = null;

  constructor(
    private readonly container: HTMLElement,
    private readonly source: Source,
    private readonly memory: Remembered,
    private readonly events: Events,
  ) {
    this.#mood = { theme: readTheme(container), scale: 1, focus: 0, search: 0, edges: 0.7 };
    this.#stage = this.#staged();
    const layouter = startLayouter((layout) => this.#arrange(layout));
    const groupOf = (id: string) => this.source.nodes.get(id)?.rank ?? "";
    this.#arrangement = new Arrangement(this.#mirror.graph, groupOf, memory, layouter);
    const observer = new ResizeObserver(() => this.#stage.refresh());
    observer.observe(container);
    this.#endings = [
      source.subscribe((change) => this.#follow(change)),
      followTheme(() => this.#retheme()),
      () => observer.disconnect(),
      () => layouter.end(),
    ];
    if (memory.look) {
      this.#moved = true;
      this.#stage.turn(memory.look, 0);
    }
    this.#follow({ add: [...source.nodes.values()], update: [], remove: [], metrics: new Set() });
  }

  /** Shows the level of a metric in nodes; empty: of none. */
  measure(metric: string): void {
    this.#metric = metric;
    this.#stage.repaint(this.#mirror.measure(metric, this.source.nodes));
    this.#stage.refresh();
  }

  /** What a search found stands out; null: nobody searches. */
  mark(ids: ReadonlySet<string> | null): void {
    this.#stage.repaint(this.#flags.mark(ids ?? new Set()));
    this.#mood.search = ids ? 1 : 0;
    this.#stage.refresh();
  }

  /** A node is looked at apart from the others, and comes into sight; empty: none. */
  choose(id: string): void {
    this.#stage.repaint(this.#flags.choose(id));
    this.#reveal(id);
  }

  /** Zooms by a factor around the middle. */
  zoom(by: number): void {
    const { look, size } = this.#stage;
    this.#go(zoomed(look, by, { x: size.width / 2, y: size.height / 2 }, size));
  }

  /** Moves by steps across and down. */
  pan(across: number, down: number): void {
    const { x, y, scale } = this.#stage.look;
    this.#go({ x: x + (across * NUDGE) / scale, y: y + (down * NUDGE) / scale, scale });
  }

  /** Shows all of it, and goes on to do so as it grows. */
  fit(): void {
    this.#moved = false;
    this.#stage.turn(this.#fitting());
  }

  /** Lays everything out anew. */
  anew(): void {
    this.#moved = false;
    this.#arrangement.anew();
  }

  /** Looks at the next node in a direction from the one that is looked at, or at the one in the middle. */
  walk(across: number, down: number): void {
    const { graph } = this.#mirror;
    const { look } = this.#stage;
    const here = this.#pointed && graph.hasNode(this.#pointed) ? graph.getNodeAttributes(this.#pointed) : null;
    const targets = this.#targetsNow();
    const found = here ? next(targets, here, across, -down) : nearest(targets, { x: look.x, y: -look.y });
    if (found === null) {
      return;
    }
    this.point(found);
    this.#reveal(found);
  }

  /** A node and its neighbours stand out; null: none. */
  point(id: string | null): void {
    this.#pointed = id;
    const { nodes, edges } = this.#flags.light(id);
    this.#stage.repaint(nodes, edges);
    const from = this.#mood.focus;
    const to = id === null ? 0 : 1;
    this.#stepping.start(STEP_BACK_MS, (part) => {
      this.#mood.focus = from + (to - from) * part;
      this.#stage.fade();
    });
  }

  /** Opens what is looked at; answers whether there is anything. */
  open(): boolean {
    if (this.#pointed !== null) {
      this.events.open(this.#pointed);
    }
    return this.#pointed !== null;
  }

  end(): void {
    this.#moving.stop();
    this.#stepping.stop();
    for (const ending of this.#endings) {
      ending();
    }
    this.#stage.end();
  }

  /** Moves to where a node is, unless that is well in sight. Nothing has a place before all is laid out first. */
  #reveal(id: string): void {
    const { graph } = this.#mirror;
    const { look, size } = this.#stage;
    if (!this.#arrangement.settled || !graph.hasNode(id)) {
      return;
    }
    const { x, y } = graph.getNodeAttributes(id);
    const covered = this.#covered;
    const aside = covered / 2 / look.scale;
    const [dx, dy] = [Math.abs(x + aside - look.x) * look.scale, Math.abs(-y - look.y) * look.scale];
    if (dx > (size.width - covered) * 0.42 || dy > size.height * 0.38) {
      this.#go({ x: x + aside, y: -y, scale: look.scale });
    }
  }

  /** How many pixels at the right edge are under something else, as the page says. */
  get #covered(): number {
    return Number.parseFloat(getComputedStyle(this.container).getPropertyValue("--covered")) || 0;
  }

  #go(look: Look): void {
    this.#moved = true;
    this.#stage.turn(look);
    this.memory.look = look;
  }

  #staged(): Stage {
    return new Stage(this.#mirror.graph, this.container, this.#mood, {
      at: (x, y, scale) => hit(this.#targetsNow(), x, -y, scale),
      point: (id) => this.point(id),
      click: (id) => this.events.open(id),
      moved: () => {
        this.#moved = true;
      },
      resized: () => this.#refit(),
      write: (context, look, size) => this.#write(context, look, size),
      drawn: () => this.#drawn(),
      lost: () => this.#restage(),
    });
  }

  /** Everything on the graphics processor is made again, and looks as it did. */
  #restage(): void {
    const { look } = this.#stage;
    this.#stage.end();
    this.#stage = this.#staged();
    this.#stage.turn(look, 0);
    this.#stage.redrawAll();
  }

  #retheme(): void {
    this.#mood.theme = readTheme(this.container);
    this.#stage.refresh();
  }

  #follow(change: Pick<Change, "add" | "update" | "remove" | "metrics">): void {
    this.#since ??= performance.now();
    const touched = this.#mirror.apply(change, this.source.nodes);
    this.#arrangement.follow(touched);
    const { nodes } = this.#flags.again();
    if (this.#pointed && touched.removed.includes(this.#pointed)) {
      this.point(null);
    }
    this.#show(touched, { nodes, edges: [] });
  }

  #show(touched: Touched, flagged: Redrawn): void {
    const straight = this.#straighten();
    if (touched.removed.length || touched.parted || straight) {
      this.#targets = null;
      this.#stage.redrawAll();
    } else if (touched.added.length || touched.joined.length) {
      this.#targets = null;
      this.#stage.replace([...touched.added, ...touched.changed, ...flagged.nodes], touched.joined);
    } else {
      this.#stage.repaint([...touched.changed, ...flagged.nodes]);
    }
  }

  /** Few edges are curved, many straight; answers whether that changed. */
  #straighten(): boolean {
    const { graph } = this.#mirror;
    const type: DrawnEdge["type"] = graph.size >= STRAIGHT_FROM ? "line" : "curve";
    this.#mood.edges = Math.max(0.22, Math.min(0.75, 26 / Math.sqrt(graph.size + 1)));
    if (type === this.#mirror.edges) {
      return false;
    }
    this.#mirror.edges = type;
    graph.forEachEdge((_, edge) => {
      edge.type = type;
    });
    return true;
  }

  /** Everything goes to its place, seen moving where that can be followed. */
  #arrange(layout: Layout): void {
    const { graph } = this.#mirror;
    const goals = this.#arrangement.answered(layout);
    const first = graph.someNode((_, { hidden }) => hidden);
    const from = new Map<string, Point>();
    for (const id of goals.keys()) {
      const { x, y } = graph.getNodeAttributes(id);
      from.set(id, { x, y: -y });
    }
    const look = this.#moved ? null : around(bounds(goals.values()), this.#stage.size, this.#covered);
    if (look) {
      this.#stage.turn(look, first ? 0 : MOVE_MS);
    }
    this.#moving.start(first || goals.size > MOVED_AT_ONCE_FROM ? 0 : MOVE_MS, (part) => {
      for (const [id, goal] of goals) {
        if (graph.hasNode(id)) {
          this.#arrangement.place(id, toward(from.get(id) ?? goal, goal, part));
        }
      }
      this.#stage.replace(first ? [...goals.keys()].filter((id) => graph.hasNode(id)) : []);
    });
  }

  #fitting(): Look {
    const shown: Point[] = this.#mirror.graph
      .filterNodes((_, { hidden }) => !hidden)
      .map((id) => this.#mirror.graph.getNodeAttributes(id))
      .map(({ x, y }) => ({ x, y: -y }));
    return around(bounds(shown), this.#stage.size, this.#covered);
  }

  /** Who looks at all of it goes on to do so in another size. */
  #refit(): void {
    if (!this.#moved && this.#arrangement.settled) {
      this.#stage.turn(this.#fitting(), 0);
    }
  }

  #targetsNow(): readonly Target[] {
    const { graph } = this.#mirror;
    this.#targets ??= graph
      .mapNodes((id, at) => ({ id, at, degree: graph.degree(id) }))
      .sort((one, other) => other.degree - one.degree || (one.id < other.id ? -1 : 1));
    return this.#targets;
  }

  #drawn(): void {
    if (this.#moved) {
      this.memory.look = this.#stage.look;
    }
    this.#tell();
    this.#report();
    this.container.toggleAttribute(AT_REST, this.#resting());
  }

  /** Whether everything is drawn where it belongs, and nothing moves. */
  #resting(): boolean {
    return this.#arrangement.resting && !this.#moving.going && !this.#stepping.going && !this.#stage.turning;
  }

  #write(context: CanvasRenderingContext2D, look: Look, size: Size): void {
    const { graph } = this.#mirror;
    const first: Target[] = [];
    for (const id of this.#flags.standing()) {
      if (graph.hasNode(id)) {
        first.push({ id, at: graph.getNodeAttributes(id) });
      }
    }
    const focused = this.#pointed !== null || this.#mood.search > 0;
    const { theme } = this.#mood;
    drawLabels(context, {
      look,
      size,
      theme,
      metric: this.#metric,
      nodes: this.source.nodes,
      first,
      all: this.#targetsNow(),
      focused,
    });
  }

  /** Says how long it took until a change was drawn, to whoever measures. */
  #report(): void {
    if (this.#since !== null && this.#arrangement.settled) {
      performance.measure(DRAWN, { start: this.#since, detail: { nodes: this.#mirror.graph.order } });
      performance.clearMeasures(DRAWN);
      this.#since = null;
    }
  }

  /** Says where what is pointed at is now. */
  #tell(): void {
    const { graph } = this.#mirror;
    const { look, size } = this.#stage;
    const at = this.#pointed !== null && graph.hasNode(this.#pointed) ? graph.getNodeAttributes(this.#pointed) : null;
    const pointed = at && {
      id: this.#pointed ?? "",
      x: Math.round((at.x - look.x) * look.scale + size.width / 2),
      y: Math.round((-at.y - look.y) * look.scale + size.height / 2),
    };
    const told = JSON.stringify(pointed);
    if (told !== this.#told) {
      this.#told = told;
      this.events.point(pointed);
    }
  }
}

function toward(from: Point, to: Point, part: number): Point {
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}
