import { useQuery } from "@tanstack/react-query";
import type { GetHistoryResponseJson } from "scope-api/scope/query/v1/messages_pb";
import { call } from "../api/call";
import type { Range } from "./moments";

const EVERY = 10_000;

interface History {
  /** What is kept: until now; null while it is not known, and where nothing is. */
  range: Range | null;
  /** Whether that is known. */
  known: boolean;
  error: unknown;
}

/** The moments that can be looked at, read while somebody wants to. */
export function useHistory(org: string): History {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ["history", org],
    queryFn: ({ signal }) => call<GetHistoryResponseJson>("GET", "/api/history", { org, signal }),
    refetchInterval: EVERY,
  });
  const oldest = data?.oldest ? Date.parse(data.oldest) : Number.NaN;
  return {
    range: Number.isNaN(oldest) ? null : { oldest, newest: Math.max(oldest, dataUpdatedAt) },
    known: data !== undefined,
    error,
  };
}
