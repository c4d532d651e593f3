import { useEffect, useState } from "react";
import { may, useMembership } from "../api/session";
import type { Topology } from "../api/types";
import { Problem } from "../parts/notice";
import { Page } from "../parts/page";
import type { MapRoute } from "../routes";
import { go } from "../use-route";
import { NotYours, UnknownTopology } from "./empty";
import { LiveMap } from "./live-map";
import styles from "./map-page.module.css";
import { Skeleton } from "./skeleton";
import { find, fullName, start } from "./topologies";
import { TopologyBar } from "./topology-bar";
import { useTopologies } from "./use-topologies";

/** What runs in an organization, live. */
export default function MapPage({ route }: { route: MapRoute }) {
  const membership = useMembership(route.org);
  if (!may(membership, "report.view")) {
    return (
      <Page name="map" title="Map" wide>
        <h1 className="visually-hidden">Map</h1>
        <NotYours org={route.org} member={membership !== undefined} />
      </Page>
    );
  }
  return <OrganizationMap route={route} name={membership?.name || route.org} />;
}

function OrganizationMap({ route, name }: { route: MapRoute; name: string }) {
  const [paused, setPaused] = useState(false);
  const { data, error, refetch } = useTopologies(route, paused);
  useStart(route, data);
  const title = `${data && route.topology ? fullName(data, route.topology) : "Map"} · ${name}`;
  return (
    <Page name="map" title={title} wide>
      <h1 className="visually-hidden">{title}</h1>
      {data ? (
        <Chosen route={route} topologies={data} paused={paused} onPause={setPaused} />
      ) : error ? (
        <div className={styles.waiting}>
          <Problem error={error} onRetry={refetch} />
        </div>
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}

interface ChosenProps {
  route: MapRoute;
  topologies: readonly Topology[];
  paused: boolean;
  onPause: (paused: boolean) => void;
}

function Chosen({ route, topologies, paused, onPause }: ChosenProps) {
  const topology = find(topologies, route.topology);
  if (topology) {
    return <LiveMap route={route} topology={topology} topologies={topologies} paused={paused} onPause={onPause} />;
  }
  if (!route.topology) {
    return <Skeleton />;
  }
  return (
    <>
      <header className={styles.header}>
        <TopologyBar topologies={topologies} route={route} matches={null} />
      </header>
      <UnknownTopology route={route} topologies={topologies} />
    </>
  );
}

/** Who asks for no topology is shown the one with most to see. */
function useStart(route: MapRoute, topologies: readonly Topology[] | undefined): void {
  useEffect(() => {
    if (!route.topology && topologies) {
      go({ ...route, topology: start(topologies) }, { replace: true });
    }
  }, [route, topologies]);
}
