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

function chosen(options: Feed["options"]): [string, string][] {
  return Object.entries(options)
    .filter(([, value]) => value !== "")
    .sort();
}
