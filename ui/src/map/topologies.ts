// Which topologies there are to choose from.
import type { Topology } from "../api/types";
import { own } from "../parts/own";

/** Where a person starts who asked for none: the first of these that has something of their own in it. */
const STARTS = ["kube-controllers", "pods", "containers", "processes", "hosts"];

/** What one of a topology's nodes is called, where another one belongs to it. */
const SINGULAR: Readonly<Record<string, string>> = {
  processes: "Process",
  containers: "Container",
  "containers-by-image": "Image",
  pods: "Pod",
  "kube-controllers": "Controller",
  services: "Service",
  hosts: "Host",
};

/** A topology's id: what its address ends with. */
export function idOf(topology: Topology): string {
  return topology.url.slice(topology.url.lastIndexOf("/") + 1);
}

/** Whether a topology is not offered: nothing is in it, and options leave nothing out. */
export function isHidden({ hide_if_empty, stats }: Topology): boolean {
  return hide_if_empty && stats.node_count === 0 && stats.filtered_nodes === 0;
}

/** A topology and those that show the same in another way, itself first. */
interface Family {
  main: Topology;
  members: readonly Topology[];
}

/** What is offered, from processes up to hosts; what is looked at stays there also when it is empty. */
export function families(topologies: readonly Topology[], current: string): Family[] {
  const shown = (one: Topology) => !isHidden(one) || idOf(one) === current;
  return topologies
    .map((main) => ({ main, members: [main, ...main.sub_topologies].filter(shown) }))
    .filter(({ members }) => members.length > 0)
    .sort((one, other) => one.main.rank - other.main.rank);
}

/** Every topology. */
export function all(topologies: readonly Topology[]): Topology[] {
  return topologies.flatMap((main) => [main, ...main.sub_topologies]);
}

/** The topology of an id, undefined where there is none. */
export function find(topologies: readonly Topology[], id: string): Topology | undefined {
  return all(topologies).find((one) => idOf(one) === id);
}

/** The id of the topology to start with; empty where there is none at all. */
export function start(topologies: readonly Topology[]): string {
  const filled = STARTS.find((id) => (find(topologies, id)?.stats.nonpseudo_node_count ?? 0) > 0);
  const [first] = topologies;
  return filled ?? (find(topologies, "hosts") ? "hosts" : first ? idOf(first) : "");
}

/** A topology's name where it stands alone: "Containers by image". */
export function fullName(topologies: readonly Topology[], id: string): string {
  const main = topologies.find((one) => one.sub_topologies.some((sub) => idOf(sub) === id));
  const name = find(topologies, id)?.name ?? id;
  return main && name.startsWith("by ") ? `${main.name} ${name}` : name;
}

/** What a node of a topology is called. */
export function singular(topologies: readonly Topology[], id: string): string {
  return own(SINGULAR, id) ?? fullName(topologies, id);
}
