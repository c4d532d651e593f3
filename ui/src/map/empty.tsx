import { useQuery } from "@tanstack/react-query";
import { CallError, call } from "../api/call";
import { every, untilRead } from "../api/polling";
import { may, useMembership } from "../api/session";
import type { Probe, Topology } from "../api/types";
import { ButtonLink } from "../parts/button";
import { counted, moment } from "../parts/format";
import { Notice } from "../parts/notice";
import { Stranger } from "../parts/stranger";
import { href, type MapRoute } from "../routes";
import { LeftOut } from "./left-out";
import type { Chosen } from "./options";
import styles from "./stage.module.css";
import { fullName, idOf, isHidden } from "./topologies";

/** How often it is looked whether a probe is there, in milliseconds. */
const EVERY = 5000;

/** Why a topology may have nothing in it although probes report. */
const REASONS: Readonly<Record<string, string>> = {
  processes: "No process that is reported holds a connection.",
  "processes-by-name": "No process that is reported holds a connection.",
  containers: "No probe sees a container. On its machine, scope status names the container engines that it asks.",
  pods: "No probe reports a Kubernetes cluster.",
  "kube-controllers": "No probe reports controllers of a Kubernetes cluster.",
  services: "No probe reports services of a Kubernetes cluster.",
  hosts: "No probe reports a host.",
};

interface Props {
  route: MapRoute;
  topology: Topology;
  topologies: readonly Topology[];
  onChoose: (chosen: Chosen) => void;
}

/** Why there is nothing to show, and what to do about it. */
export function Empty({ route, topology, topologies, onChoose }: Props) {
  const probes = useProbes(route);
  if (!probes) {
    return null;
  }
  const name = fullName(topologies, idOf(topology));
  return (
    <div className={styles.empty}>
      {probes.length === 0 ? (
        <NoProbe route={route} />
      ) : (
        <Notice title={`${name}: nothing to show${route.at ? ` at ${moment(route.at)}` : ""}`}>
          <p>{reason(topology, probes.length)}</p>
          <LeftOut topology={topology} chosen={route.options} onChoose={onChoose} />
          <Others route={route} topologies={topologies} />
        </Notice>
      )}
    </div>
  );
}

function useProbes({ org, at }: MapRoute): Probe[] | undefined {
  return useQuery({
    queryKey: ["probes", org, at],
    queryFn: ({ signal }) => call("GET /api/probes", { org, signal, query: { timestamp: at } }),
    refetchInterval: at ? untilRead : every(EVERY),
  }).data;
}

function reason(topology: Topology, probes: number): string {
  const reports = `${counted(probes, "probe")} ${probes === 1 ? "reports" : "report"}.`;
  return topology.stats.filtered_nodes > 0
    ? `${reports} What there is, the options leave out.`
    : `${reports} ${REASONS[idOf(topology)] ?? "None of them reports what would be here."}`;
}

/** Topologies that have something in them. */
function Others({ route, topologies }: Pick<Props, "route" | "topologies">) {
  const filled = topologies.filter((one) => !isHidden(one) && one.stats.node_count > 0 && idOf(one) !== route.topology);
  return filled.length === 0 ? null : (
    <p className={styles.others}>
      Look at{" "}
      {filled.map((one) => (
        <a key={one.url} href={href({ ...route, topology: idOf(one) })}>
          {one.name}
        </a>
      ))}
    </p>
  );
}

function NoProbe({ route }: { route: MapRoute }) {
  const membership = useMembership(route.org);
  if (route.at) {
    return (
      <Notice title={`Nothing was reported at ${moment(route.at)}`}>
        <a href={href({ ...route, at: "" })}>Back to now</a>
      </Notice>
    );
  }
  return (
    <Notice title="No probe reports yet">
      <p>A probe on each machine tells what runs there. The map fills as soon as the first one reports.</p>
      {may(membership, "token.manage") ? (
        <ButtonLink look="main" href={href({ page: "add-probe", org: route.org })}>
          Add a probe
        </ButtonLink>
      ) : (
        <p>An administrator of this organization can add one.</p>
      )}
    </Notice>
  );
}

/** A topology that is not there, or not any more. */
export function UnknownTopology({ route, topologies }: Pick<Props, "route" | "topologies">) {
  return (
    <div className={styles.empty}>
      <Notice kind="warn" title={`There is no topology “${route.topology}”`}>
        <p className={styles.others}>
          There are{" "}
          {topologies.map((one) => (
            <a key={one.url} href={href({ ...route, topology: idOf(one) })}>
              {one.name}
            </a>
          ))}
        </p>
      </Notice>
    </div>
  );
}

/** Who may not look at the map, or does not belong to the organization. */
export function NotYours({ org, member }: { org: string; member: boolean }) {
  return <div className={styles.empty}>{member ? <NotAllowed org={org} /> : <Stranger org={org} />}</div>;
}

/** A member's role may not look at the map; or the whole organization is refused, for a reason that the service knows. */
function NotAllowed({ org }: { org: string }) {
  const { error } = useQuery({
    queryKey: ["topologies", org],
    queryFn: ({ signal }) => call("GET /api/topology", { org, signal }),
    refetchInterval: untilRead,
  });
  if (!error) {
    return null;
  }
  return (
    <Notice kind="warn" title="This map is not yours to see">
      <p>
        {error instanceof CallError && error.reason === "ORGANIZATION_REFUSED"
          ? error.message
          : "Your role in this organization does not let you look at its map: an administrator of it can change that."}
      </p>
      <ButtonLink href={href({ page: "dashboard" })}>To your organizations</ButtonLink>
    </Notice>
  );
}

/** Nothing matches what is searched; perhaps elsewhere. */
export function NoMatch({
  route,
  topologies,
  matches,
}: {
  route: MapRoute;
  topologies: readonly Topology[];
  matches: ReadonlyMap<string, number>;
}) {
  const elsewhere = [...matches].filter(([id, count]) => count > 0 && id !== route.topology);
  return (
    <Notice>
      <p className={styles.others}>
        Nothing here matches “{route.search}”.
        {elsewhere.map(([id, count]) => (
          <a key={id} href={href({ ...route, topology: id })}>
            {fullName(topologies, id)}: {count}
          </a>
        ))}
      </p>
    </Notice>
  );
}
