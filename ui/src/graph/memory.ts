import type { Memory } from "./arrangement";
import type { Look } from "./camera";

/** What a map remembers while the page lives: where nodes were, and where one looked. */
export interface Remembered extends Memory {
  look: Look | null;
}

const KEPT = 24;
const maps = new Map<string, Remembered>();

/** What is remembered of a map. Only so many are; those seen longest ago are forgotten. */
export function remembered(map: string): Remembered {
  const known = maps.get(map) ?? { places: new Map(), look: null };
  maps.delete(map);
  maps.set(map, known);
  if (maps.size > KEPT) {
    const [oldest] = maps.keys();
    maps.delete(oldest ?? map);
  }
  return known;
}
