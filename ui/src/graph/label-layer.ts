import type { Look, Size } from "./camera";

/** Writes labels as seen by a look, on a canvas of a size. */
export type Write = (context: CanvasRenderingContext2D, look: Look, size: Size) => void;

/** So many pixels more than is seen are written on each side. */
const MARGIN = 160;

/** Labels are written anew once they are stretched by more than this. */
const STRETCH = 1.25;

/** After so many milliseconds without movement labels are written as they should be. */
const REST = 180;

/**
 * Labels on a canvas of their own. Writing costs more than all the rest of a frame: while one moves, what is written is
 * moved along, and only written anew when one comes to its edge or to rest.
 */
export class LabelLayer {
  readonly #canvas = document.createElement("canvas");
  readonly #context = this.#canvas.getContext("2d");
  #written: { look: Look; size: Size; pixels: number } | null = null;
  #rest = 0;

  /** `held`: whether somebody holds the map, who may go on to move it though nothing moves just now. */
  constructor(
    before: HTMLElement,
    private readonly write: Write,
    private readonly held: () => boolean,
  ) {
    Object.assign(this.#canvas.style, { position: "absolute", left: `${-MARGIN}px`, top: `${-MARGIN}px` });
    this.#canvas.style.willChange = "transform";
    before.before(this.#canvas);
  }

  /** What labels say, or which are written, is different now. */
  expire(): void {
    this.#written = null;
  }

  /** Follows a look. */
  follow(look: Look, size: Size): void {
    clearTimeout(this.#rest);
    const written = this.#written;
    if (!written || !near(written, look, size)) {
      this.#renew(look, size);
      return;
    }
    const scale = look.scale / written.look.scale;
    const x = (written.look.x - look.x) * look.scale;
    const y = (written.look.y - look.y) * look.scale;
    this.#canvas.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    if (x !== 0 || y !== 0 || scale !== 1) {
      this.#awaitRest(look, size);
    }
  }

  end(): void {
    clearTimeout(this.#rest);
  }

  #awaitRest(look: Look, size: Size): void {
    const then = () => (this.held() ? this.#awaitRest(look, size) : this.#renew(look, size));
    this.#rest = window.setTimeout(then, REST);
  }

  #renew(look: Look, size: Size): void {
    const pixels = devicePixelRatio;
    const room = { width: size.width + MARGIN * 2, height: size.height + MARGIN * 2 };
    const before = this.#written;
    if (!before || before.size.width !== size.width || before.size.height !== size.height || before.pixels !== pixels) {
      this.#canvas.width = room.width * pixels;
      this.#canvas.height = room.height * pixels;
      Object.assign(this.#canvas.style, { width: `${room.width}px`, height: `${room.height}px` });
    }
    this.#written = { look, size, pixels };
    this.#canvas.style.transform = "";
    if (this.#context) {
      this.#context.setTransform(pixels, 0, 0, pixels, 0, 0);
      this.#context.clearRect(0, 0, room.width, room.height);
      this.write(this.#context, look, room);
    }
  }
}

function near({ look: from, size: was, pixels }: { look: Look; size: Size; pixels: number }, look: Look, size: Size) {
  const stretched = Math.max(look.scale / from.scale, from.scale / look.scale);
  return (
    was.width === size.width &&
    was.height === size.height &&
    pixels === devicePixelRatio &&
    stretched < STRETCH &&
    Math.abs(from.x - look.x) * look.scale < MARGIN &&
    Math.abs(from.y - look.y) * look.scale < MARGIN
  );
}
