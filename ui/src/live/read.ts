import { call } from "../api/call";
import type { TopologyAnswer, ViewNode } from "../api/types";
import type { Feed } from "./feed";

/** Nodes in a page: their answer stays far below what the service answers at once. */
const PAGE = 2000;

/** Reads all of a topology: at the feed's moment, or now. */
export async function readTopology({ org, topology, options, at }: Feed, signal: AbortSignal): Promise<TopologyAnswer> {
  const nodes: Record<string, ViewNode> = {};
  let page = "";
  for (;;) {
    const query = { ...options, timestamp: at, pageSize: PAGE, pageToken: page };
    const answer = await call("GET /api/topology/{topology}", { org, path: { topology }, query, signal });
    Object.assign(nodes, answer.nodes);
    page = answer.nextPageToken;
    if (!page) {
      return { ...answer, nodes };
    }
  }
}
