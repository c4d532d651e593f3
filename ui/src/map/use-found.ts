import { useDeferredValue, useEffect, useMemo, useState } from "react";
import type { Topology, ViewNode } from "../api/types";
import type { View } from "../live/view";
import type { MapRoute } from "../routes";
import { parseSearch, type Search } from "../search/parse";
import { useCounts, useMarks } from "../search/use-search";
import { currentRoute, go } from "../use-route";
import { all, idOf, isHidden } from "./topologies";
import { ordered } from "./use-node-table";

/** Between the last key and the address saying what is searched, in milliseconds. */
const CALM = 300;

/** What is searched, and what is found. */
export interface Finding {
  text: string;
  onType: (text: string) => void;
  search: Search;
  /** Ids of the nodes that match; null while nothing is searched. */
  marks: ReadonlySet<string> | null;
  /** Matches by topology, as far as they are known. */
  counts: ReadonlyMap<string, number> | null;
  /** The match that was gone to, and which of them it is, from 1; undefined before. */
  found: { node: ViewNode; place: number } | undefined;
  /** Goes to another match: the next, or the one before. */
  onStep: (by: 1 | -1) => void;
}

/** Searches the map for what its address says, and for what is being typed. */
export function useFound(route: MapRoute, view: View, topologies: readonly Topology[]): Finding {
  const [text, onType] = useTyped(route.search);
  const search = useMemo(() => parseSearch(text), [text]);
  const deferred = useDeferredValue(search);
  const marks = useMarks(deferred, view);
  const { org, topology, options, at } = route;
  const offered = useMemo(
    () =>
      all(topologies)
        .filter((one) => !isHidden(one))
        .map(idOf),
    [topologies],
  );
  const counts = useCounts(deferred, { org, topology, options, at }, marks, offered);
  const [found, setFound] = useState("");
  const onStep = (by: 1 | -1) => setFound(stepped(inTurn(view, marks), found, by));
  const place = marks?.has(found) ? inTurn(view, marks).indexOf(found) + 1 : 0;
  const node = view.nodes.get(found);
  return { text, onType, search, marks, counts, found: node && place > 0 ? { node, place } : undefined, onStep };
}

/** What is typed; the address says it too once nobody types for a moment. */
function useTyped(said: string): [string, (text: string) => void] {
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => {
    if (typed === null) {
      return;
    }
    const timer = setTimeout(() => {
      const route = currentRoute();
      if (route.page === "map") {
        go({ ...route, search: typed }, { replace: true });
      }
      setTyped(null);
    }, CALM);
    return () => clearTimeout(timer);
  }, [typed]);
  return [typed ?? said, setTyped];
}

/** Ids of the nodes that match, by name. */
function inTurn(view: View, marks: ReadonlySet<string> | null): string[] {
  const name = (id: string) => `${view.nodes.get(id)?.label} ${view.nodes.get(id)?.labelMinor}`;
  return [...(marks ?? [])].sort((one, other) => ordered(name(one), name(other)) || (one < other ? -1 : 1));
}

/** The id after another one, or before it, around the end; empty where there is none. */
export function stepped(ids: readonly string[], from: string, by: 1 | -1): string {
  const at = ids.indexOf(from);
  const to = at < 0 ? (by === 1 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length;
  return ids[to] ?? "";
}
