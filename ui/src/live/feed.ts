import { address } from "../api/call";

/** What a view shows: a topology of an organization with what was chosen in it, now or at a moment. */
export interface Feed {
  org: string;
  topology: string;
  options: Readonly<Record<string, string>>;
  /** RFC 3339; empty for now. */
  at: string;
}

/** The same for all feeds that show the same. */
export function feedKey({ org, topology, options, at }: Feed): string {
  return JSON.stringify([org, topology, chosen(options), at]);
}

/** Where a feed is followed. */
export function watchPath({ topology, options }: Feed): string {
  return address(`/api/watch/topology/${encodeURIComponent(topology)}`, options);
}

/** Where a topology is read. */
export function readPath(topology: string): string {
  return `/api/topology/${encodeURIComponent(topology)}`;
}

function chosen(options: Feed["options"]): [string, string][] {
  return Object.entries(options)
    .filter(([, value]) => value !== "")
    .sort();
}
