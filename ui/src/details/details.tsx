import { memo } from "react";
import type { Topology } from "../api/types";
import type { View } from "../live/view";
import type { MapRoute } from "../routes";
import { go } from "../use-route";
import styles from "./details.module.css";
import { Earlier } from "./earlier";
import { Panel } from "./panel";
import { PlaceProvider } from "./place";
import { closed, keyOf } from "./stack";
import { useFocus } from "./use-focus";

interface DetailsProps {
  /** Where one is: its `open` are shown, the last on top. Stays on the page while nothing is open: it minds the focus. */
  route: MapRoute;
  /** What the map shows, for measurements as they come. */
  view: View;
  /** Whether what is shown stands still. */
  paused: boolean;
  topologies: readonly Topology[];
}

/** The details of nodes, stacked over the map; the map shows its changes without them. */
export const Details = memo(function Details({ route, view, paused, topologies }: DetailsProps) {
  const top = route.open.at(-1);
  const panel = useFocus(top && keyOf(top), route.topology);
  const close = (index: number) => go({ ...route, open: closed(route.open, index) });
  return (
    top && (
      <PlaceProvider value={{ route, topologies }}>
        <aside aria-label="Details" className={styles.details}>
          <Earlier open={route.open} onClose={close} />
          <Panel
            key={keyOf(top)}
            ref={panel}
            open={top}
            view={view}
            paused={paused}
            onClose={() => close(route.open.length - 1)}
          />
        </aside>
      </PlaceProvider>
    )
  );
});
