import { useSyncExternalStore } from "react";
import { ago } from "./ago";
import { moment } from "./format";

/** How often times are said anew, in milliseconds. */
const EVERY = 10_000;

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  now = Date.now();
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  timer ??= setInterval(tick, EVERY);
  return () => {
    listeners.delete(changed);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time of day in milliseconds, kept up to date to some seconds while it is shown. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    if (Date.now() - now > EVERY) {
      now = Date.now();
    }
    return now;
  });
}

/** A moment as people say it, "5 minutes ago"; pointing at it says exactly when. */
export function Time({ at, none = "never" }: { at: string | undefined; none?: string }) {
  const present = useNow();
  if (!at) {
    return none;
  }
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(at, present)}
    </time>
  );
}
