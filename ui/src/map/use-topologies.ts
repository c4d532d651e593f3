import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { CallError, call } from "../api/call";
import { every, untilRead } from "../api/polling";
import type { Topology } from "../api/types";
import type { MapRoute } from "../routes";

/** How often counts are read anew, in milliseconds. */
const EVERY = 5000;
const BAD_REQUEST = 400;

/** The topologies with what they hold: read anew while the map is live and looked at. */
export function useTopologies({ org, options, at }: MapRoute, paused: boolean): UseQueryResult<Topology[]> {
  return useQuery({
    queryKey: ["topologies", org, options, at],
    queryFn: async ({ signal }) => {
      const list = (query = {}) => call("GET /api/topology", { org, signal, query });
      try {
        return await list({ ...options, timestamp: at });
      } catch (error) {
        // A moment that is not kept, or an option that is not there: the view says so, and the way out is the usual list.
        if (error instanceof CallError && error.status === BAD_REQUEST) {
          return list();
        }
        throw error;
      }
    },
    refetchInterval: at || paused ? untilRead : every(EVERY),
    placeholderData: keepPreviousData,
  });
}
