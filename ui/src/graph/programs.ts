import type { Attributes } from "graphology-types";
import type Sigma from "sigma";
import {
  EdgeProgram,
  type EdgeProgramType,
  NodeProgram,
  type NodeProgramType,
  type ProgramInfo,
} from "sigma/rendering";
import type { EdgeDisplayData, NodeDisplayData, RenderParams } from "sigma/types";
import { LEAST_RADIUS, RADIUS } from "./layout/geometry";
import type { Look } from "./looks";
import { EDGE_FRAGMENT, EDGE_VERTEX, NODE_FRAGMENT, NODE_VERTEX } from "./shaders";
import type { Color, Theme } from "./theme";

/** What the graph keeps of a node for drawing it: places in the coordinates of Sigma, y upwards. */
export interface DrawnNode extends Attributes, Look {
  x: number;
  y: number;
  size: number;
  hidden: boolean;
  /** Ids of all that it connects to, also of what is not here. */
  targets: readonly string[];
}

/** What it keeps of an edge. `type` is one of the edge programs. */
export interface DrawnEdge extends Attributes {
  type: "curve" | "line";
  flags: number;
}

/** What holds for everything that is drawn, and may change from one frame to the next without touching a node. */
export interface Mood {
  theme: Theme;
  /** Pixels for a unit of the layout. */
  scale: number;
  /** How much what one does not look at steps back, 0 to 1. */
  focus: number;
  /** How much what a search did not find steps back, 0 to 1. */
  search: number;
  /** How visible one edge among many is, 0 to 1. */
  edges: number;
}

const { FLOAT, UNSIGNED_BYTE, TRIANGLE_STRIP } = WebGLRenderingContext;

const NODE_UNIFORMS = [
  "u_matrix",
  "u_viewport",
  "u_scale",
  "u_least",
  "u_palette",
  "u_pixel",
  "u_focus",
  "u_search",
  "u_strong",
  "u_page",
  "u_surface",
  "u_accent",
  "u_match",
] as const;

const EDGE_UNIFORMS = [
  "u_matrix",
  "u_viewport",
  "u_radius",
  "u_half",
  "u_bend",
  "u_pixel",
  "u_focus",
  "u_search",
  "u_alpha",
  "u_thick",
  "u_line",
  "u_bright",
] as const;

/** From this zoom on edges have arrows: before, they would be in each other's way. */
const ARROWS_FROM = 0.32;

type Uniforms<Name extends string> = Partial<Record<Name, WebGLUniformLocation>>;

/** Draws nodes as `mood` says at each moment. What is under the pointer is found without it, so it draws no ids. */
export function nodeProgram(mood: Mood): NodeProgramType<DrawnNode, DrawnEdge> {
  return class extends NodeProgram<(typeof NODE_UNIFORMS)[number], DrawnNode, DrawnEdge> {
    #bytes: Uint8Array = new Uint8Array();

    constructor(gl: WebGLRenderingContext, _: WebGLFramebuffer | null, renderer: Sigma<DrawnNode, DrawnEdge>) {
      super(gl, null, renderer);
    }

    getDefinition() {
      return {
        VERTICES: 4,
        VERTEX_SHADER_SOURCE: NODE_VERTEX,
        FRAGMENT_SHADER_SOURCE: NODE_FRAGMENT,
        METHOD: TRIANGLE_STRIP,
        UNIFORMS: NODE_UNIFORMS,
        ATTRIBUTES: [
          { name: "a_position", size: 2, type: FLOAT },
          { name: "a_size", size: 1, type: FLOAT },
          { name: "a_look", size: 4, type: UNSIGNED_BYTE },
        ],
        CONSTANT_ATTRIBUTES: [{ name: "a_corner", size: 2, type: FLOAT }],
        CONSTANT_DATA: [
          [-1, -1],
          [1, -1],
          [-1, 1],
          [1, 1],
        ],
      };
    }

    override reallocate(capacity: number): void {
      super.reallocate(capacity);
      this.#bytes = new Uint8Array(this.array.buffer);
    }

    processVisibleItem(_: number, start: number, data: NodeDisplayData): void {
      const { shape, flags, fill, tint } = data as NodeDisplayData & Look;
      this.array[start] = data.x;
      this.array[start + 1] = data.y;
      this.array[start + 2] = data.size;
      this.#bytes.set([shape, flags, fill, tint], (start + 3) * 4);
    }

    setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
      const at: Uniforms<(typeof NODE_UNIFORMS)[number]> = uniformLocations;
      const { theme } = mood;
      frame(gl, at, params);
      one(gl, at.u_scale, mood.scale);
      one(gl, at.u_least, LEAST_RADIUS);
      gl.uniform3fv(at.u_palette ?? null, theme.palette.flat());
      one(gl, at.u_pixel, 1 / params.pixelRatio);
      one(gl, at.u_focus, mood.focus);
      one(gl, at.u_search, mood.search);
      one(gl, at.u_strong, theme.strong ? 0.8 : 0);
      color(gl, at.u_page, theme.page);
      color(gl, at.u_surface, theme.surface);
      color(gl, at.u_accent, theme.accent);
      color(gl, at.u_match, theme.match);
    }
  };
}

/** Draws edges: as curves of so many steps, or straight with a single one. */
export function edgeProgram(mood: Mood, steps: number): EdgeProgramType<DrawnNode, DrawnEdge> {
  const sides = Array.from({ length: steps + 1 }, (_, step) => 1 - (1 - step / steps) ** 1.3).flatMap((along) => [
    [along, -1],
    [along, 1],
  ]);
  return class extends EdgeProgram<(typeof EDGE_UNIFORMS)[number], DrawnNode, DrawnEdge> {
    #bytes: Uint8Array = new Uint8Array();

    constructor(gl: WebGLRenderingContext, _: WebGLFramebuffer | null, renderer: Sigma<DrawnNode, DrawnEdge>) {
      super(gl, null, renderer);
    }

    getDefinition() {
      return {
        VERTICES: sides.length,
        VERTEX_SHADER_SOURCE: EDGE_VERTEX,
        FRAGMENT_SHADER_SOURCE: EDGE_FRAGMENT,
        METHOD: TRIANGLE_STRIP,
        UNIFORMS: EDGE_UNIFORMS,
        ATTRIBUTES: [
          { name: "a_from", size: 2, type: FLOAT },
          { name: "a_to", size: 2, type: FLOAT },
          { name: "a_look", size: 4, type: UNSIGNED_BYTE },
        ],
        CONSTANT_ATTRIBUTES: [{ name: "a_step", size: 2, type: FLOAT }],
        CONSTANT_DATA: sides,
      };
    }

    override reallocate(capacity: number): void {
      super.reallocate(capacity);
      this.#bytes = new Uint8Array(this.array.buffer);
    }

    processVisibleItem(_: number, start: number, from: NodeDisplayData, to: NodeDisplayData, data: EdgeDisplayData) {
      this.array[start] = from.x;
      this.array[start + 1] = from.y;
      this.array[start + 2] = to.x;
      this.array[start + 3] = to.y;
      this.#bytes.set([(data as EdgeDisplayData & DrawnEdge).flags, steps > 1 ? 1 : 0, 0, 0], (start + 4) * 4);
    }

    setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
      const at: Uniforms<(typeof EDGE_UNIFORMS)[number]> = uniformLocations;
      const { theme, scale } = mood;
      frame(gl, at, params);
      one(gl, at.u_radius, Math.max(RADIUS * scale, LEAST_RADIUS));
      one(gl, at.u_half, scale > ARROWS_FROM ? 5 : 1.6);
      one(gl, at.u_bend, 1);
      one(gl, at.u_pixel, 1 / params.pixelRatio);
      one(gl, at.u_focus, mood.focus);
      one(gl, at.u_search, mood.search);
      one(gl, at.u_alpha, theme.strong ? 1 : mood.edges);
      one(gl, at.u_thick, (scale > ARROWS_FROM ? 1.5 : 1) + (theme.strong ? 0.6 : 0));
      color(gl, at.u_line, theme.edge);
      color(gl, at.u_bright, theme.accent);
    }
  };
}

function frame(gl: ProgramInfo["gl"], at: Uniforms<"u_matrix" | "u_viewport">, params: RenderParams): void {
  gl.uniformMatrix3fv(at.u_matrix ?? null, false, params.matrix);
  gl.uniform2f(at.u_viewport ?? null, params.width, params.height);
}

function one(gl: ProgramInfo["gl"], at: WebGLUniformLocation | undefined, value: number): void {
  gl.uniform1f(at ?? null, value);
}

function color(gl: ProgramInfo["gl"], at: WebGLUniformLocation | undefined, value: Color): void {
  gl.uniform3fv(at ?? null, value);
}
