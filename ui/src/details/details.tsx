import { memo, useState } from "react";
import type { Topology } from "../api/types";
import type { View } from "../live/view";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
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
  const [removed, setRemoved] = useState("");
  const close = (index: number) => go({ ...route, open: closed(route.open, index) });
  const closeTop = () => close(route.open.length - 1);
  return (
    (top || removed) && (
      <PlaceProvider value={{ route, topologies }}>
        <aside aria-label="Details" className={styles.details}>
          {removed && <Removed label={removed} onClose={() => setRemoved("")} />}
          <Earlier open={route.open} onClose={close} />
          {top && (
            <Panel
              key={keyOf(top)}
              ref={panel}
              open={top}
              view={view}
              paused={paused}
              onClose={closeTop}
              onRemoved={(label) => {
                setRemoved(label);
                closeTop();
              }}
            />
          )}
        </aside>
      </PlaceProvider>
    )
  );
});

/** Instead of the details of what somebody has just removed. */
function Removed({ label, onClose }: { label: string; onClose: () => void }) {
  return (
    <div className={styles.removed}>
      <Notice kind="good" title={`${label} was removed`}>
        <p>It may be seen for some seconds more.</p>
        <Button onClick={onClose}>Close</Button>
      </Notice>
    </div>
  );
}
