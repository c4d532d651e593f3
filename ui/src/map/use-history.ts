import { useQuery } from "@tanstack/react-query";
import { historyQuery } from "../api/history";
import { every } from "../api/polling";
import type { Range } from "./moments";

const EVERY = 10_000;
/** The oldest moment moves on: what is offered shall still be there when somebody has chosen it, in milliseconds. */
const MARGIN = 15_000;

interface History {
  /** What is kept: until now; null while it is not known, and where nothing is. */
  range: Range | null;
  /** Whether that is known. */
  known: boolean;
  error: unknown;
}

/** The moments that can be looked at, read while somebody wants to. */
export function useHistory(org: string): History {
  const { data, error, dataUpdatedAt } = useQuery({ ...historyQuery(org), refetchInterval: every(EVERY) });
  const oldest = data?.oldest ? Date.parse(data.oldest) : Number.NaN;
  const newest = Math.max(oldest, dataUpdatedAt);
  return {
    range: Number.isNaN(oldest) ? null : { oldest: Math.min(oldest + MARGIN, newest), newest },
    known: data !== undefined,
    error,
  };
}
