// Which events of an audit are wanted.

export interface Filters {
  /** By whom: an address or an id. */
  actor: string;
  /** On what: an id, or a person's address. */
  subject: string;
  /** What actions begin with. */
  action: string;
  /** Local times as inputs have them, `2026-01-31T12:00`. */
  after: string;
  before: string;
  /** An organization's id; only of the whole deployment's events. */
  organization: string;
}

export const NO_FILTERS: Filters = { actor: "", subject: "", action: "", after: "", before: "", organization: "" };

/** What can be asked for, by what its actions begin with. */
export const KINDS: readonly { action: string; words: string }[] = [
  { action: "", words: "Everything" },
  { action: "organization:member:", words: "Members" },
  { action: "organization:invitation:", words: "Invitations" },
  { action: "organization:token:", words: "Tokens" },
  { action: "organization:organization:", words: "The organization itself" },
  { action: "user:session:", words: "Signing in and out" },
  { action: "admin:", words: "Administration" },
  { action: "control:", words: "Controls" },
  { action: "rpc:", words: "Calls that were denied" },
];

/** The filters as the service takes them: times with their zone. */
export function queryOf(filters: Filters): Record<string, string> {
  const query = { ...filters, after: zoned(filters.after), before: zoned(filters.before) };
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])),
  );
}

function zoned(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
