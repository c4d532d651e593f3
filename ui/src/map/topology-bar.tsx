import { useEffect, useRef } from "react";
import type { Topology } from "../api/types";
import { counted } from "../parts/format";
import { href, type MapRoute } from "../routes";
import { families, idOf } from "./topologies";
import styles from "./topology-bar.module.css";

interface Props {
  topologies: readonly Topology[];
  route: MapRoute;
  /** How many nodes of each topology match the search; null while nobody searches. */
  matches: ReadonlyMap<string, number> | null;
}

/** The topologies to choose from, each beside those that show the same in another way. */
export function TopologyBar({ topologies, route, matches }: Props) {
  const bar = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another topology is another one to be seen
  useEffect(() => {
    bar.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [route.topology]);
  return (
    <nav ref={bar} aria-label="Topologies" className={styles.bar}>
      <ul>
        {families(topologies, route.topology).map(({ main, members }) => (
          <li key={main.url}>
            <ul className={styles.family}>
              {members.map((one) => (
                <li key={one.url} className={one === main ? styles.main : styles.other}>
                  <Choice topology={one} route={route} matches={matches?.get(idOf(one))} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Choice({ topology, route, matches }: { topology: Topology; route: MapRoute; matches: number | undefined }) {
  const id = idOf(topology);
  const current = id === route.topology;
  return (
    <a
      href={href({ ...route, topology: id })}
      aria-current={current ? "page" : undefined}
      title={holds(topology, matches)}
      data-topology={id}
    >
      <span>{topology.name}</span>
      <span className={styles.count}>{topology.stats.node_count.toLocaleString("en")}</span>
      {matches !== undefined && matches > 0 && (
        <span className={styles.matches}>
          <span className="visually-hidden">, matching: </span>
          {matches.toLocaleString("en")}
        </span>
      )}
    </a>
  );
}

/** What a topology holds, in words. */
function holds({ stats }: Topology, matches: number | undefined): string {
  const left = stats.filtered_nodes > 0 ? `, ${stats.filtered_nodes} left out` : "";
  const found = matches === undefined ? "" : `, ${counted(matches, "match", "matches")}`;
  return `${counted(stats.node_count, "node")}, ${counted(stats.edge_count, "connection")}${left}${found}`;
}
