import { useCallback, useSyncExternalStore } from "react";
import type { ViewNode } from "../api/types";
import type { View } from "../live/view";

/** From so many nodes on, what takes all of them in does so once in a while instead of at every change. */
const MANY = 2000;
const WHILE = 1000;

interface Snapshot {
  version: number;
  nodes: readonly ViewNode[];
}

const snapshots = new WeakMap<View, Snapshot>();

/** The nodes of a view as they are now: another array after each change, as a view with many allows. */
function nodesOf(view: View): readonly ViewNode[] {
  let found = snapshots.get(view);
  if (found?.version !== view.version) {
    found = { version: view.version, nodes: [...view.nodes.values()] };
    snapshots.set(view, found);
  }
  return found.nodes;
}

/** The nodes that a view shows, again and again. */
export function useNodes(view: View): readonly ViewNode[] {
  const subscribe = useCallback(
    (changed: () => void) => {
      let waiting: ReturnType<typeof setTimeout> | undefined;
      const tell = () => {
        waiting = undefined;
        changed();
      };
      const leave = view.subscribe(() => {
        if (view.nodes.size < MANY) {
          changed();
        } else {
          waiting ??= setTimeout(tell, WHILE);
        }
      });
      return () => {
        leave();
        clearTimeout(waiting);
      };
    },
    [view],
  );
  return useSyncExternalStore(subscribe, () => nodesOf(view));
}
