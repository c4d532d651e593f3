import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { CallError } from "../api/call";
import { endWords, personOf, signedOut, useMe } from "../api/session";
import { type Feed, feedKey } from "./feed";
import { Following, type Live } from "./following";
import { readTopology } from "./read";
import type { View } from "./view";

const UNAUTHENTICATED = 401;

/**
 * A view of a feed, kept live while the page is seen. It is another view for another topology; other options or another
 * moment change the one that there is, once they are known. While `paused` what is shown stands still.
 */
export function useView(feed: Feed, paused: boolean): Live {
  const me = useMe();
  const who = me ? personOf(me) : "";
  const place = JSON.stringify([who, feed.org, feed.topology]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is another view
  const following = useMemo(() => new Following(), [place]);
  const live = useSyncExternalStore(following.subscribe, following.live);
  useEffect(() => following.open(who), [following, who]);
  const key = feedKey(feed);
  // biome-ignore lint/correctness/useExhaustiveDependencies: feeds of one key are one feed
  useEffect(() => following.show(feed, paused), [following, key, paused]);
  const again = usePast(feed, key, following);
  useSignedOut(live.problem);
  return useMemo(() => (again ? { ...live, retry: again } : live), [live, again]);
}

/** Changes whenever the view does: for those who read its nodes while rendering. */
export function useVersion(view: View): number {
  return useSyncExternalStore(view.subscribe, () => view.version);
}

/** Shows the feed's moment, where it has one; answers what reads it again. */
function usePast(feed: Feed, key: string, following: Following): (() => void) | null {
  const { data, error, refetch } = useQuery({
    queryKey: ["past", key],
    queryFn: ({ signal }) => readTopology(feed, signal),
    enabled: feed.at !== "",
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  const past = feed.at !== "";
  useEffect(() => {
    if (past) {
      following.past(data ?? null, error instanceof CallError ? error : null);
    }
  }, [following, past, data, error]);
  return past ? refetch : null;
}

/** Who is not signed in any more goes where one signs in, with the service's words. */
function useSignedOut(problem: CallError | null): void {
  const client = useQueryClient();
  useEffect(() => {
    if (problem?.status === UNAUTHENTICATED) {
      signedOut(client, endWords(problem));
    }
  }, [client, problem]);
}
