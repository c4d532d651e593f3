import type { Topology, ViewNode } from "../api/types";
import { Graph } from "../graph/graph";
import type { Live } from "../live/following";
import { Button } from "../parts/button";
import { clock } from "../parts/format";
import { Problem } from "../parts/notice";
import type { MapRoute } from "../routes";
import { Empty, NoMatch } from "./empty";
import { NodeTable } from "./node-table";
import type { Chosen } from "./options";
import { Waiting } from "./skeleton";
import styles from "./stage.module.css";
import { fullName } from "./topologies";
import type { Display } from "./use-display";
import type { Finding } from "./use-found";
import { useHistory } from "./use-history";

interface Props {
  route: MapRoute;
  topology: Topology;
  topologies: readonly Topology[];
  live: Live;
  nodes: readonly ViewNode[];
  finding: Finding;
  display: Display;
  /** The id of the metric that nodes show; empty: none. */
  metric: string;
  onOpen: (topology: string, id: string) => void;
  onChoose: (chosen: Chosen) => void;
  onMove: (at: string) => void;
  onTable: () => void;
}

/** The nodes, or why there are none; over them what there is to say about them. */
export function Stage(props: Props) {
  const { route, topologies, live, finding, onMove, onChoose } = props;
  const matches = finding.marks?.size === 0 && props.nodes.length > 0 ? finding.counts : null;
  const covered = route.open.length > 0;
  return (
    <section className={styles.stage} aria-label="Nodes" data-covered={covered || undefined}>
      <Shown {...props} />
      <div className={styles.words}>
        {live.problem && <Trouble live={live} route={route} onMove={onMove} onChoose={onChoose} />}
        {matches && <NoMatch route={route} topologies={topologies} matches={matches} />}
      </div>
    </section>
  );
}

function Shown(props: Props) {
  const { route, topology, topologies, live, nodes, finding, display, metric, onOpen, onChoose, onTable } = props;
  if (!live.heard) {
    return live.connection === "ended" ? null : <Waiting />;
  }
  if (nodes.length === 0) {
    return <Empty route={route} topology={topology} topologies={topologies} onChoose={onChoose} />;
  }
  const chosen = finding.found?.node.id ?? topOf(route);
  if (display === "graph") {
    return (
      <Graph
        view={live.view}
        place={`${route.org}/${route.topology}`}
        marks={finding.marks}
        metric={metric}
        chosen={chosen}
        onOpen={(id) => onOpen(route.topology, id)}
        label={`Map of ${fullName(topologies, route.topology)}`}
      >
        <Button onClick={onTable}>Show the table</Button>
      </Graph>
    );
  }
  return (
    <NodeTable
      key={route.topology}
      topology={route.topology}
      topologies={topologies}
      nodes={nodes}
      byId={live.view.nodes}
      marks={finding.marks}
      chosen={chosen}
      onOpen={onOpen}
    />
  );
}

/** The node of this topology whose details are on top. */
function topOf({ open, topology }: MapRoute): string {
  const top = open.at(-1);
  return top?.topology === topology ? top.id : "";
}

type TroubleProps = Pick<Props, "live" | "route" | "onMove" | "onChoose">;

/** What goes wrong, and the way out: of a moment that is not kept the nearest that is, of options the usual ones. */
function Trouble({ live: { problem, retry }, route, onMove, onChoose }: TroubleProps) {
  const refused = problem?.reason === "INVALID_FIELD" && Object.keys(route.options).length > 0;
  if (!route.at && !refused) {
    return <Problem error={problem} onRetry={retry} />;
  }
  return (
    <div className={styles.trouble}>
      <Problem error={problem} />
      {problem?.reason === "NOT_RETAINED" && <Nearest org={route.org} onMove={onMove} />}
      {refused && <Button onClick={() => onChoose({})}>The usual options</Button>}
      {route.at && <Button onClick={() => onMove("")}>Back to now</Button>}
    </div>
  );
}

function Nearest({ org, onMove }: { org: string; onMove: (at: string) => void }) {
  const { range } = useHistory(org);
  return range ? (
    <Button onClick={() => onMove(new Date(range.oldest).toISOString())}>
      The oldest that is kept: {clock(range.oldest)}
    </Button>
  ) : null;
}
