import type { DirectedGraph } from "graphology";
import Sigma from "sigma";
import type { MouseCoords, SigmaEventPayload } from "sigma/types";
import { fromCamera, type Look, type Size, SQUARE, toCamera, zoomed } from "./camera";
import { LabelLayer, type Write } from "./label-layer";
import { Motion } from "./motion";
import { type DrawnEdge, type DrawnNode, edgeProgram, type Mood, nodeProgram } from "./programs";

/** What happens on the stage. */
interface Acts {
  /** The node at a place of the layout. */
  at(x: number, y: number, scale: number): string | null;
  /** The pointer is over a node, or over none any more. */
  point(id: string | null): void;
  click(id: string): void;
  /** A person moved the camera. */
  moved(): void;
  /** There is more room, or less; what was in the middle still is. */
  resized(): void;
  /** Labels are to be written. */
  write: Write;
  /** Everything was drawn. */
  drawn(): void;
  /** The graphics processor forgot everything: another stage is needed. */
  lost(): void;
}

const UNUSED = ["edgeLabels", "labels", "hovers", "hoverNodes"];

const CURVE_STEPS = 14;
const CAMERA_MS = 280;
/** A wheel's step of 100 pixels zooms by some 20 %. */
const WHEEL = 0.0018;
/** A line of a wheel that counts in lines, in pixels. */
const LINE = 33;

/** Sigma with our programs and our camera: what is drawn, and where one looks. */
export class Stage {
  readonly #sigma: Sigma<DrawnNode, DrawnEdge>;
  readonly #motion = new Motion();
  readonly #labels: LabelLayer;
  /** Whether nodes or edges get other places in the buffers with the next frame, so that none can be put into its own. */
  #shifting = false;
  #ended = false;
  /** Kept beside Sigma's camera, whose state is another look in every size. */
  #look: Look = { x: 0, y: 0, scale: 1 };

  constructor(
    graph: DirectedGraph<DrawnNode, DrawnEdge>,
    container: HTMLElement,
    private readonly mood: Mood,
    private readonly acts: Acts,
  ) {
    const still = this.#motion.reduced ? { inertiaDuration: 1, zoomDuration: 1 } : {};
    this.#sigma = new Sigma<DrawnNode, DrawnEdge>(graph, container, {
      allowInvalidContainer: true,
      renderLabels: false,
      itemSizesReference: "positions",
      zoomToSizeRatioFunction: (ratio) => ratio,
      stagePadding: 0,
      defaultNodeType: "node",
      nodeProgramClasses: { node: nodeProgram(mood) },
      edgeProgramClasses: { curve: edgeProgram(mood, CURVE_STEPS), line: edgeProgram(mood, 1) },
      defaultDrawNodeHover: () => {},
      ...still,
    });
    // Changes come in bundles, and Sigma would process everything once for each node of them: `redraw` tells it instead.
    graph.removeAllListeners();
    // Asking the graphics processor which node is where makes the page wait for it: there is a quicker way.
    Object.assign(this.#sigma, { getNodeAtPosition: this.#at, pickingLayers: new Set() });
    this.#sigma.setCustomBBox(SQUARE);
    this.#labels = new LabelLayer(this.#sigma.getCanvases().mouse ?? container, acts.write, this.#held);
    this.#spare();
    this.#listen();
  }

  /** Where one looks. */
  get look(): Look {
    return this.#look;
  }

  /** Whether the camera is on its way. */
  get turning(): boolean {
    return this.#motion.going || this.#sigma.getCamera().isAnimated();
  }

  get size(): Size {
    return this.#sigma.getDimensions();
  }

  /** Looks somewhere else, by and by or at once. */
  turn(look: Look, milliseconds = CAMERA_MS): void {
    const from = this.look;
    this.#motion.start(milliseconds, (part) => this.#set(between(from, look, part)));
  }

  /** Draws everything again in the next frame: nodes or edges left, or came with all others. */
  redrawAll(): void {
    this.#shifting = true;
    this.#draw({});
  }

  /** Draws some again that look different, but are where they were. */
  repaint(nodes: string[], edges: string[] = []): void {
    if (nodes.length || edges.length) {
      this.#draw({ partialGraph: { nodes, edges }, skipIndexation: !this.#shifting });
    }
  }

  /** Draws what moved or is new. */
  replace(nodes: string[], edges: string[] = []): void {
    this.#shifting = true;
    this.#draw({ partialGraph: { nodes, edges } });
  }

  /** Draws again what changed for all at once; labels too. */
  refresh(): void {
    this.#labels.expire();
    this.fade();
  }

  /** Draws again what changed for all at once, but not in what labels say. */
  fade(): void {
    if (!this.#ended) {
      this.#sigma.scheduleRender();
    }
  }

  end(): void {
    this.#ended = true;
    this.#motion.stop();
    this.#labels.end();
    this.#sigma.kill();
  }

  #draw(what: Parameters<Sigma["refresh"]>[0]): void {
    if (!this.#ended) {
      this.#labels.expire();
      this.#sigma.refresh({ ...what, schedule: true });
    }
  }

  #set(look: Look): void {
    this.#look = look;
    this.#sigma.getCamera().setState(toCamera(look, this.size));
  }

  /** Sigma has layers for what we do otherwise. Empty as they are, each costs memory and time in every frame. */
  #spare(): void {
    const canvases = this.#sigma.getCanvases();
    const shrink = () => {
      for (const canvas of UNUSED.map((layer) => canvases[layer])) {
        if (canvas) {
          canvas.style.display = "none";
          canvas.width = 1;
          canvas.height = 1;
        }
      }
    };
    this.#sigma.on("resize", shrink);
    shrink();
  }

  readonly #held = (): boolean =>
    this.#sigma.getMouseCaptor().isMouseDown || this.#sigma.getTouchCaptor().touchMode > 0;

  readonly #at = ({ x, y }: MouseCoords): string | null => {
    const { look, size } = this;
    const [dx, dy] = [(x - size.width / 2) / look.scale, (y - size.height / 2) / look.scale];
    return this.acts.at(look.x + dx, look.y + dy, look.scale);
  };

  #listen(): void {
    const sigma = this.#sigma;
    sigma.getCamera().on("updated", (state) => {
      this.#look = fromCamera(state, this.size);
    });
    // A map may begin where it has no room yet: where one looks then is no use later, unless it is put right.
    sigma.on("resize", () => {
      this.#set(this.#look);
      this.acts.resized();
    });
    sigma.on("beforeRender", () => {
      this.mood.scale = this.look.scale;
    });
    sigma.on("afterProcess", () => {
      this.#shifting = false;
    });
    sigma.on("afterRender", () => {
      this.#labels.follow(this.look, this.size);
      this.acts.drawn();
    });
    sigma.on("enterNode", ({ node }) => this.acts.point(node));
    sigma.on("leaveNode", () => this.acts.point(null));
    sigma.on("clickNode", ({ node }) => this.acts.click(node));
    sigma.on("downStage", () => this.acts.moved());
    sigma.on("downNode", () => this.acts.moved());
    sigma.on("wheelStage", this.#wheel);
    sigma.on("wheelNode", this.#wheel);
    sigma.on("doubleClickStage", this.#closer);
    sigma.on("doubleClickNode", ({ preventSigmaDefault }) => preventSigmaDefault());
    for (const canvas of Object.values(sigma.getCanvases())) {
      canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
      canvas.addEventListener("webglcontextrestored", () => canvas.isConnected && this.acts.lost());
    }
  }

  /** Follows the wheel at once and in proportion, so that track pads feel as they should. */
  readonly #wheel = ({ event, preventSigmaDefault }: SigmaEventPayload): void => {
    preventSigmaDefault();
    const { original } = event;
    if (original instanceof WheelEvent) {
      const pixels = original.deltaMode === WheelEvent.DOM_DELTA_LINE ? original.deltaY * LINE : original.deltaY;
      const by = Math.exp(-Math.max(-300, Math.min(300, pixels)) * WHEEL * (original.ctrlKey ? 4 : 1));
      this.turn(zoomed(this.look, by, event, this.size), 0);
      this.acts.moved();
    }
  };

  readonly #closer = ({ event, preventSigmaDefault }: SigmaEventPayload): void => {
    preventSigmaDefault();
    this.turn(zoomed(this.look, event.original.shiftKey ? 0.5 : 2, event, this.size));
    this.acts.moved();
  };
}

function between(from: Look, to: Look, part: number): Look {
  return {
    x: from.x + (to.x - from.x) * part,
    y: from.y + (to.y - from.y) * part,
    // Zooming feels even where each step multiplies.
    scale: from.scale * (to.scale / from.scale) ** part,
  };
}
