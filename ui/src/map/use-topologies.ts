import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { call } from "../api/call";
import type { Topology } from "../api/types";
import type { MapRoute } from "../routes";

/** How often counts are read anew, in milliseconds. */
const EVERY = 5000;

/** The topologies with what they hold: read anew while the map is live and looked at. */
export function useTopologies({ org, options, at }: MapRoute, paused: boolean): UseQueryResult<Topology[]> {
  return useQuery({
    queryKey: ["topologies", org, options, at],
    queryFn: ({ signal }) =>
      call<Topology[]>("GET", "/api/topology", { org, signal, query: { ...options, timestamp: at } }),
    refetchInterval: at || paused ? false : EVERY,
    placeholderData: keepPreviousData,
  });
}
