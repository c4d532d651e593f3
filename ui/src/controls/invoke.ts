import { call } from "../api/call";
import type { Invoked, NodeControl } from "../api/types";

/** What identifies something that can be done to a node. */
export interface Doable {
  org: string;
  probeId: string;
  nodeId: string;
  /** The control's id. */
  control: string;
}

/** Has a probe do something to a node, and answers what came of it. */
export function invoke(
  { org, probeId, nodeId, control }: Doable,
  told: Readonly<Record<string, string>>,
): Promise<Invoked> {
  return call("POST /api/control/{probe_id}/{node_id}/{control}", {
    org,
    path: { probe_id: probeId, node_id: nodeId, control },
    body: told,
  });
}

/** What identifies a control of a node. */
export function doable(org: string, { probeId, nodeId, id }: NodeControl): Doable {
  return { org, probeId, nodeId, control: id };
}
