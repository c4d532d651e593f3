// The terminals that are open in this window. They are kept by the browser for as long as the window is there, so that a
// page that is loaded again goes on with them, and so does a window of their own.
import { useSyncExternalStore } from "react";

/** A terminal. */
export interface Session {
  /** The id of its pipe. */
  pipe: string;
  org: string;
  /** The control that opened it, and what of; a pipe that was opened by its address alone knows less. */
  probeId: string;
  nodeId: string;
  control: string;
  arguments: Readonly<Record<string, string>>;
  /** What the node and the control are called. */
  node: string;
  label: string;
  /** Whether its bytes are for a terminal; else they are text. */
  rawTty: boolean;
  readOnly: boolean;
  /** How many bytes were shown, and how the screen looked then. */
  received: number;
  screen: string;
}

type Seen = Pick<Session, "received" | "screen">;

interface Open {
  sessions: readonly Session[];
  /** The pipe of the one that is looked at. */
  current: string;
}

const KEY = "scope-terminals";
const NONE: Open = { sessions: [], current: "" };

let open = NONE;
const listeners = new Set<() => void>();
/** How what a terminal shows is found out, by its pipe. */
const seen = new Map<string, () => Seen>();

function change(to: Open): void {
  open = to;
  for (const listener of listeners) {
    listener();
  }
}

/** Shows a terminal, in the place of another one where its pipe is given. */
export function openTerminal(session: Session, instead = ""): void {
  const { sessions } = open;
  const known = sessions.some(({ pipe }) => pipe === instead);
  const next = known ? sessions.map((one) => (one.pipe === instead ? session : one)) : [...sessions, session];
  change({ sessions: next, current: session.pipe });
}

/** Shows a terminal no more. */
export function closeTerminal(pipe: string): void {
  const at = open.sessions.findIndex((one) => one.pipe === pipe);
  const org = open.sessions[at]?.org;
  const sessions = open.sessions.filter((one) => one.pipe !== pipe);
  const near = sessions.filter((one) => one.org === org);
  const next = open.current === pipe ? (near[Math.min(at, near.length - 1)]?.pipe ?? "") : open.current;
  change({ sessions, current: next });
}

/** Looks at a terminal. */
export function showTerminal(pipe: string): void {
  change({ ...open, current: pipe });
}

/** Tells how to find out what a terminal shows, until what is answered is called. */
export function knowing(pipe: string, look: () => Seen): () => void {
  seen.set(pipe, look);
  return () => seen.delete(pipe);
}

/** Has the browser keep the terminals of somebody, as they are. */
export function keepTerminals(person: string): void {
  try {
    const sessions = open.sessions.map((one) => ({ ...one, ...seen.get(one.pipe)?.() }));
    sessionStorage.setItem(KEY, JSON.stringify({ person, sessions, current: open.current }));
  } catch {
    // A browser that keeps nothing, or has no more room, begins without them.
  }
}

/** Goes on with the terminals that the browser kept for somebody; in a window of its own with that one. */
export function restoreTerminals(person: string, only: string): void {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Open & { person: string }>;
    if (kept.person === person && open === NONE) {
      const sessions = (kept.sessions ?? []).filter(({ pipe }) => !only || pipe === only);
      change({ sessions, current: only || (kept.current ?? "") });
    }
    sessionStorage.removeItem(KEY);
  } catch {
    // As if nothing had been kept.
  }
}

/** Forgets them all: somebody else shall not see what they show. */
export function forgetTerminals(): void {
  sessionStorage.removeItem(KEY);
  change(NONE);
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** The terminals that are open, and which of them is looked at. */
export function useTerminals(): Open {
  return useSyncExternalStore(subscribe, () => open);
}
