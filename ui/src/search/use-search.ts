import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { every, untilRead } from "../api/polling";
import type { TopologyAnswer } from "../api/types";
import { type Feed, feedKey } from "../live/feed";
import { readTopology } from "../live/read";
import { useVersion } from "../live/use-view";
import type { View } from "../live/view";
import { matches } from "./match";
import type { Search } from "./parse";

/** How long nodes of other topologies count, in milliseconds. */
const KEPT = 15_000;

/** Ids of the nodes that match what is searched, the same object until they are others; null where nothing is. */
export function useMarks(search: Search, view: View): ReadonlySet<string> | null {
  const version = useVersion(view);
  const before = useRef<ReadonlySet<string> | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a view says by its version that its nodes differ
  return useMemo(() => {
    const marks = marked(search, view);
    if (!same(marks, before.current)) {
      before.current = marks;
    }
    return before.current;
  }, [search, view, version]);
}

/**
 * How many nodes of each topology match, as far as that is known; null where nothing is searched. Nodes of topologies
 * other than the feed's are read only while something is, and the page is seen.
 */
export function useCounts(
  search: Search,
  feed: Feed,
  marks: ReadonlySet<string> | null,
  topologies: readonly string[],
): ReadonlyMap<string, number> | null {
  const others = topologies.filter((one) => one !== feed.topology);
  const count = useCallback(
    ({ nodes }: TopologyAnswer) => Object.values(nodes).filter((node) => matches(search, node)).length,
    [search],
  );
  const counts = useQueries({
    queries: others.map((topology) => ({ ...inTurn({ ...feed, topology }), enabled: marks !== null, select: count })),
    combine: (answers) => answers.map(({ data }) => data),
  });
  const known = others.flatMap((topology, index) => {
    const found = counts[index];
    return found === undefined ? [] : [[topology, found] as const];
  });
  return marks && new Map([[feed.topology, marks.size], ...known]);
}

function marked(search: Search, view: View): ReadonlySet<string> | null {
  if (search.terms.length === 0) {
    return null;
  }
  const found = [...view.nodes.values()].filter((node) => matches(search, node));
  return new Set(found.map(({ id }) => id));
}

function same(one: ReadonlySet<string> | null, other: ReadonlySet<string> | null): boolean {
  return one === other || (one !== null && one.size === other?.size && [...one].every((id) => other.has(id)));
}

let turn: Promise<unknown> = Promise.resolve();

/** Reads a topology when all that were asked for before are read: they are large, and none of them is waited for. */
function inTurn(feed: Feed) {
  return {
    queryKey: ["searched", feedKey(feed)],
    queryFn: ({ signal }: { signal: AbortSignal }) => {
      const mine = turn.then(() => readTopology(feed, signal));
      turn = mine.catch(() => {});
      return mine;
    },
    staleTime: KEPT,
    gcTime: KEPT,
    refetchInterval: feed.at === "" ? every(KEPT) : untilRead,
    structuralSharing: false,
  };
}
