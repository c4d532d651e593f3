// What is said of an organization's probes.

import type { Probe } from "../api/types";
import { counted } from "../parts/format";

/** A probe reports every three seconds; one that has not for so long has something the matter. */
export const QUIET_MS = 15_000;

/** How many are named before it is "and N more". */
const NAMED = 3;

/** Probes, and the service's time when it said so: this machine's clock may be wrong. */
export interface Heard {
  probes: readonly Probe[];
  /** Unix time in ms. */
  now: number;
  /** When the newest report was stored, RFC 3339, by an organization's log: it is known of longer than probes are. */
  newest?: string | undefined;
}

export interface State {
  probes: number;
  /** Hosts that they run on. */
  hosts: number;
  /** When the newest report arrived; empty: none that is known of. */
  lastSeen: string;
  /** What somebody should look at, in words; the most urgent first. */
  attention: string[];
}

/** How an organization's probes are doing. */
export function stateOf({ probes, now, newest = "" }: Heard): State {
  const times = probes.map((probe) => probe.lastSeen ?? "").sort();
  return {
    probes: probes.length,
    hosts: new Set(probes.map((probe) => probe.hostname)).size,
    lastSeen: times.at(-1) ?? newest,
    attention: [
      ...(probes.length === 0 && newest ? ["All probes have gone. Look at them with scope status."] : []),
      ...conflicts(probes.filter((probe) => probe.conflict)),
      ...quiet(probes.filter((probe) => now - Date.parse(probe.lastSeen ?? "") > QUIET_MS)),
      ...dropped(probes.filter((probe) => probe.dropped > 0)),
    ],
  };
}

function conflicts(probes: readonly Probe[]): string[] {
  return probes.map(
    ({ hostname, id }) =>
      `Two probes report as ${id}, one of them on ${hostname}. Give each a state folder of its own, or an id with --probe-id.`,
  );
}

function quiet(probes: readonly Probe[]): string[] {
  if (probes.length === 0) {
    return [];
  }
  const [has, look] = probes.length === 1 ? ["has", "it"] : ["have", "them"];
  return [`${named(probes)} ${has} gone quiet. Look at ${look} with scope status.`];
}

function dropped(probes: readonly Probe[]): string[] {
  const total = probes.reduce((sum, probe) => sum + probe.dropped, 0);
  return total === 0
    ? []
    : [
        `${named(probes)} gave up ${counted(total, "report")} since starting, while the service was away or slow to take them.`,
      ];
}

/** Hosts by name: `a, b and c`, `a, b, c and 4 more`. */
export function named(probes: readonly Probe[]): string {
  const names = [...new Set(probes.map((probe) => probe.hostname || probe.id))].sort();
  const said = names.length > NAMED + 1 ? [...names.slice(0, NAMED), `${names.length - NAMED} more`] : names;
  return said.length === 1 ? (said[0] ?? "") : `${said.slice(0, -1).join(", ")} and ${said.at(-1)}`;
}
