import { call } from "../api/call";
import type { TopologyAnswer, ViewNode } from "../api/types";
import { type Feed, readPath } from "./feed";

/** Nodes in a page: their answer stays far below what the service answers at once. */
const PAGE = 2000;

/** Reads all of a topology: at the feed's moment, or now. */
export async function readTopology(
  { org, topology, options, at }: Feed,
  signal?: AbortSignal,
): Promise<TopologyAnswer> {
  const nodes: Record<string, ViewNode> = {};
  let page = "";
  for (;;) {
    const query = { ...options, timestamp: at, page_size: PAGE, page_token: page };
    const answer = await call<TopologyAnswer>("GET", readPath(topology), { org, query, ...(signal && { signal }) });
    Object.assign(nodes, answer.nodes);
    page = answer.nextPageToken;
    if (!page) {
      return { ...answer, nodes };
    }
  }
}
