import { useEffect, useMemo, useRef, useState } from "react";
import type { Topology } from "../api/types";
import { Details } from "../details/details";
import { closed, opened } from "../details/stack";
import { useView } from "../live/use-view";
import type { MapRoute } from "../routes";
import { currentRoute, go } from "../use-route";
import { metricsOf } from "./columns";
import { ConnectionState } from "./connection-state";
import { Footer } from "./footer";
import { Help } from "./help";
import { useKeptMetric } from "./kept-metric";
import styles from "./map-page.module.css";
import { cycled } from "./metric-picker";
import { SearchBox } from "./search-box";
import { useShortcuts } from "./shortcuts";
import { Stage } from "./stage";
import { Timeline } from "./timeline";
import { Toolbar } from "./toolbar";
import { TopologyBar } from "./topology-bar";
import { useDisplay } from "./use-display";
import { useFound } from "./use-found";
import { useNodes } from "./use-nodes";

interface Props {
  route: MapRoute;
  topology: Topology;
  topologies: readonly Topology[];
  paused: boolean;
  onPause: (paused: boolean) => void;
}

/** A topology of an organization as it is now, or was, with everything there is to choose about it. */
export function LiveMap({ route, topology, topologies, paused, onPause }: Props) {
  const { org, topology: id, options, at } = route;
  const live = useView({ org, topology: id, options, at }, paused);
  const nodes = useNodes(live.view);
  const metrics = useMemo(() => metricsOf(nodes), [nodes]);
  const display = useDisplay(route, topology);
  const [preview, setPreview] = useState("");
  const [help, setHelp] = useState(false);
  const [timeline, setTimeline] = useState(at !== "");
  const finding = useFound(route, live.view, topologies);
  const box = useRef<HTMLInputElement>(null);
  const change = (part: Partial<MapRoute>, replace = false) => {
    // Somebody may be faster than what they chose before is shown.
    const newest = currentRoute();
    go({ ...(newest.page === "map" && newest.topology ? newest : route), ...part }, { replace });
  };
  const pin = (metric: string) => change({ metric }, true);
  const metric = useKeptMetric(metrics, route.metric, pin);
  const open = (where: string, node: string) => change({ open: opened(route.open, { topology: where, id: node }) });

  useEffect(() => setTimeline((shown) => shown || at !== ""), [at]);
  useShortcuts({
    search: () => box.current?.focus(),
    graph: () => change({ display: "graph" }),
    table: () => change({ display: "table" }),
    nextMetric: () => pin(cycled(metrics, route.metric, 1)),
    previousMetric: () => pin(cycled(metrics, route.metric, -1)),
    unpin: () => pin(""),
    pause: () => at === "" && onPause(!paused),
    timeline: () => setTimeline(!timeline),
    close: () => route.open.length > 0 && change({ open: closed(route.open, route.open.length - 1) }),
    help: () => setHelp(true),
  });

  return (
    <>
      <header className={styles.header}>
        <TopologyBar topologies={topologies} route={route} matches={finding.counts} />
        <SearchBox ref={box} finding={finding} nodes={nodes} onOpen={(node) => open(id, node)} />
        <ConnectionState live={live} at={at} paused={paused} onPause={() => onPause(!paused)} />
      </header>
      <Toolbar
        route={route}
        topology={topology}
        metrics={metrics}
        display={display}
        timeline={timeline}
        onChange={change}
        onPreview={setPreview}
        onTimeline={() => setTimeline(!timeline)}
      />
      <div className={styles.stage}>
        <Stage
          route={route}
          topology={topology}
          topologies={topologies}
          live={live}
          nodes={nodes}
          finding={finding}
          display={display}
          metric={preview || metric}
          onOpen={open}
          onChoose={(chosen) => change({ options: chosen })}
          onMove={(to) => change({ at: to })}
          onTable={() => change({ display: "table" })}
        />
        <Details route={route} view={live.view} paused={paused} topologies={topologies} />
      </div>
      {timeline && <Timeline org={org} at={at} onMove={(to) => change({ at: to }, at !== "" && to !== "")} />}
      <Footer topology={topology} onHelp={() => setHelp(true)} />
      {help && <Help nodes={nodes} onClose={() => setHelp(false)} />}
    </>
  );
}
