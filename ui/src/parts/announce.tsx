import { useSyncExternalStore } from "react";

let words = "";
const listeners = new Set<() => void>();

/** Has a screen reader say something that changed without a move of the focus. */
export function announce(said: string): void {
  // The same once more is only read when it differs.
  words = said === words ? `${said}\u00a0` : said;
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** Where announcements are read from; once in the page. */
export function Announcements() {
  const said = useSyncExternalStore(subscribe, () => words);
  return (
    <div aria-live="polite" className="visually-hidden">
      {said}
    </div>
  );
}
