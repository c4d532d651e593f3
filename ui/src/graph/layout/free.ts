import { CLEAR_X, CLEAR_Y, type Point } from "./geometry";

/** How many rings around a wish are searched. */
const RINGS = 80;

/** Which places are taken, to find free ones: no two are closer than CLEAR_X across and CLEAR_Y down. */
export class Taken {
  readonly #cells = new Map<string, Point[]>();

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
    const place = this.#search(wish);
    this.take(place);
    return place;
  }

  #search(wish: Point): Point {
    for (let ring = 0; ring <= RINGS; ring++) {
      for (const [across, down] of around(ring)) {
        const place = { x: wish.x + across * CLEAR_X, y: wish.y + down * CLEAR_Y };
        if (this.#free(place)) {
          return place;
        }
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

function cell(x: number, y: number): string {
  return `${Math.floor(x / CLEAR_X)} ${Math.floor(y / CLEAR_Y)}`;
}

/** The steps to the places of a ring, the nearest first. */
function around(ring: number): [number, number][] {
  if (ring === 0) {
    return [[0, 0]];
  }
  const steps: [number, number][] = [];
  for (let at = -ring; at <= ring; at++) {
    steps.push([at, ring], [at, -ring]);
    if (Math.abs(at) < ring) {
      steps.push([ring, at], [-ring, at]);
    }
  }
  return steps.sort((one, other) => Math.hypot(...one) - Math.hypot(...other));
}
