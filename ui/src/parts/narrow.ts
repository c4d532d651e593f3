import { useSyncExternalStore } from "react";

const narrowWindow = matchMedia("(max-width: 900px)");

function subscribe(changed: () => void): () => void {
  narrowWindow.addEventListener("change", changed);
  return () => narrowWindow.removeEventListener("change", changed);
}

/** Whether the window has no room for everything beside each other. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => narrowWindow.matches);
}
