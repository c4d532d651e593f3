import { useMemo } from "react";
import type { Topology } from "../api/types";
import type { MapRoute } from "../routes";

/** Beyond this many nodes and twice as many edges a graph is harder to read than a table. */
const READABLE = 1500;

export type Display = "graph" | "table";

/** How to show a topology of some size where nobody said how. */
export function displayOf({ node_count, edge_count }: Topology["stats"], webgl: boolean): Display {
  return !webgl || node_count + 2 * edge_count > READABLE ? "table" : "graph";
}

/** Whether the browser can draw the graph. */
function hasWebGL(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

/** How the topology is shown; where its size decides, it does so once, so that nothing flips while one looks. */
export function useDisplay(route: MapRoute, topology: Topology): Display {
  const webgl = useMemo(hasWebGL, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: its size at first decides
  const bySize = useMemo(() => displayOf(topology.stats, webgl), [topology.url, webgl]);
  return webgl ? route.display || bySize : "table";
}
