import { CLEAR_X, CLEAR_Y, type Point } from "./geometry";

/** How many rings around a wish are searched. */
const RINGS = 40;

/** Cells are numbered row by row; a row has so many. */
const ROW = 1 << 20;

/** Which places are taken, to find free ones: no two are closer than CLEAR_X across and CLEAR_Y down. */
export class Taken {
  readonly #cells = new Map<number, Point[]>();
  /** By the cell of a wish, how far was searched around it: what was taken stays so, and thousands may wish for one place. */
  readonly #searched = new Map<number, { around: Point; next: number }>();

  /** Takes a place. */
  take(place: Point): void {
    const key = cell(place.x, place.y);
    const here = this.#cells.get(key);
    if (here) {
      here.push(place);
    } else {
      this.#cells.set(key, [place]);
    }
  }

  /** The free place that is nearest to a wish, and takes it. Where all around is taken, the wish itself. */
  nearest(wish: Point): Point {
    const place = this.#free(wish) ? wish : this.#search(wish);
    this.take(place);
    return place;
  }

  #search(wish: Point): Point {
    const key = cell(wish.x, wish.y);
    const search = this.#searched.get(key) ?? { around: wish, next: 0 };
    this.#searched.set(key, search);
    for (let step = steps()[search.next]; step; step = steps()[++search.next]) {
      const [across, down] = step;
      const place = { x: search.around.x + across * CLEAR_X, y: search.around.y + down * CLEAR_Y };
      if (this.#free(place)) {
        return place;
      }
    }
    return wish;
  }

  #free({ x, y }: Point): boolean {
    for (let across = -1; across <= 1; across++) {
      for (let down = -1; down <= 1; down++) {
        const near = this.#cells.get(cell(x + across * CLEAR_X, y + down * CLEAR_Y));
        if (near?.some((other) => Math.abs(other.x - x) < CLEAR_X && Math.abs(other.y - y) < CLEAR_Y)) {
          return false;
        }
      }
    }
    return true;
  }
}

function cell(x: number, y: number): number {
  return Math.floor(x / CLEAR_X) + Math.floor(y / CLEAR_Y) * ROW;
}

let all: [number, number][] = [];

/** The steps from a wish to all places around it, the nearest first. */
function steps(): [number, number][] {
  if (!all.length) {
    const side = Array.from({ length: 2 * RINGS + 1 }, (_, at) => at - RINGS);
    all = side.flatMap((across) => side.map((down): [number, number] => [across, down]));
    all.sort((one, other) => Math.hypot(...one) - Math.hypot(...other));
  }
  return all;
}
