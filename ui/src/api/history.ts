import { queryOptions } from "@tanstack/react-query";
import { call } from "./call";

/** How it is read what an organization's log of reports holds. */
export function historyQuery(org: string) {
  return queryOptions({
    queryKey: ["history", org],
    queryFn: ({ signal }) => call("GET /api/history", { org, signal }),
  });
}
