import { keepPreviousData, queryOptions, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { call } from "../api/call";
import { every, untilRead } from "../api/polling";
import type { NodeDetails } from "../api/types";
import type { Change, View } from "../live/view";
import type { MapRoute, OpenNode } from "../routes";

/** How often details are read anew, in milliseconds. */
const EVERY = 5_000;
/** Changes of the map make details be read anew at most this often, in milliseconds. */
const SOONEST = 1_000;

/** How a node's details are read; those that were read for other options or another moment stay until new ones come. */
export function nodeQuery({ topology, id }: OpenNode, { org, options, at }: MapRoute) {
  return queryOptions({
    queryKey: ["node", org, topology, id, options, at],
    queryFn: async ({ signal }) => {
      const path = { topology, node_id: id };
      const query = { ...options, timestamp: at };
      return (await call("GET /api/topology/{topology}/{node_id}", { org, path, query, signal })).node;
    },
    placeholderData: keepPreviousData,
  });
}

/** A node's details, read anew while what is shown is live and looked at. */
export function useNode(node: OpenNode, route: MapRoute, view: View, paused: boolean): UseQueryResult<NodeDetails> {
  const live = !route.at && !paused;
  const read = useQuery({
    ...nodeQuery(node, route),
    refetchInterval: live ? every(EVERY) : untilRead,
    refetchOnWindowFocus: live,
    staleTime: live ? SOONEST : Number.POSITIVE_INFINITY,
  });
  useChanges(view, node.id, live, read);
  return read;
}

/** Reads a node anew when the map says that it changed. */
function useChanges(view: View, id: string, live: boolean, read: UseQueryResult): void {
  const { refetch } = read;
  const asked = Math.max(read.dataUpdatedAt, read.errorUpdatedAt);
  useEffect(() => {
    if (!live) {
      return;
    }
    return view.subscribe((change) => {
      if (concerns(change, id) && Date.now() - asked > SOONEST) {
        void refetch({ cancelRefetch: false });
      }
    });
  }, [view, id, live, refetch, asked]);
}

/** Whether a change is one of a node, other than of what is measured of it. */
function concerns({ add, update, remove }: Change, id: string): boolean {
  return remove.includes(id) || add.some((one) => one.id === id) || update.some((one) => one.id === id);
}
