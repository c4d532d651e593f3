// What pages and the worker that follows feeds for them tell each other.
import { CallError } from "../api/call";
import type { Feed } from "./feed";

/** What a page asks. */
export type Ask =
  /** It shows a feed, and people can see it; said again every few seconds. `have` is how far it has got. */
  | { kind: "want"; feed: Feed; paused: boolean; have: string }
  /** Nobody sees it, or it goes. */
  | { kind: "leave" }
  /** Whoever looks at it wishes another try now. */
  | { kind: "retry" };

/** What the worker tells. */
export type Tell = Told | Condition | { kind: "alive" };

/** A change of a feed. */
export interface Told {
  kind: "told";
  key: string;
  /** How far one is with it. */
  at: string;
  /** Whether this is all that there is. */
  reset: boolean;
  /** ChangeEvents as JSON: parsing a text costs a page less than a clone of what it says. */
  parts: string[];
}

/** How a feed is followed. */
export interface Condition {
  kind: "condition";
  key: string;
  state: "connecting" | "live" | "reconnecting" | "ended";
  problem: Problem | null;
}

/** A CallError, as it can be sent. */
export interface Problem {
  status: number;
  message: string;
  reason: string;
}

export function problemOf({ status, message, reason }: CallError): Problem {
  return { status, message, reason };
}

export function errorOf({ status, message, reason }: Problem): CallError {
  return new CallError(status, message, reason);
}
