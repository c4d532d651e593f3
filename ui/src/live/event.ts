import type { Missing, TopologyChange, ViewNode } from "../api/types";

/** Measurements of several nodes at the same times, as events carry them. */
export interface MetricBlock {
  nodes: string[];
  /** Milliseconds since 1970, by the probe's clock, oldest first. */
  times: number[];
  /** By metric: node by node as many as there are times; null where there is none. */
  values: Record<string, (number | null)[]>;
}

/** What `reset` and `update` carry. */
export type ChangeEvent = Omit<TopologyChange, "metrics"> & { metrics: MetricBlock[] };

/** Nothing is missing. */
export const NOTHING_MISSING: Missing = {
  quietProbes: [],
  quietProbeCount: 0,
  droppedReports: 0,
  unusableReports: 0,
  limits: [],
};

/** A change in which nothing changes but what is given. */
export function changeOf(parts: { add?: ViewNode[]; metrics?: MetricBlock[]; missing?: Missing }): ChangeEvent {
  return { add: [], update: [], remove: [], metrics: [], ...parts };
}
