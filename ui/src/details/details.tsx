import type { Topology } from "../api/types";
import type { View } from "../live/view";
import type { MapRoute } from "../routes";

export interface DetailsProps {
  /** Where one is: its `open` are shown, the last on top. Stays on the page while nothing is open: it minds the focus. */
  route: MapRoute;
  /** What the map shows, for measurements as they come. */
  view: View;
  /** Whether what is shown stands still. */
  paused: boolean;
  topologies: readonly Topology[];
}

/** The details of nodes, stacked over the map. */
export function Details({ route }: DetailsProps) {
  return route.open.length > 0 ? <aside aria-label="Details" /> : null;
}
