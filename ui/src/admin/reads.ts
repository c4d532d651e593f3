// What administrators of the deployment read, and the keys that it is kept by.
import { call } from "../api/call";
import type { Answered } from "../api/calls";
import { type Pages, usePages } from "../api/pages";
import type { Complete } from "../api/types";

export const keys = {
  everything: ["admin"] as const,
  people: ["admin", "people"] as const,
  organizations: ["admin", "organizations"] as const,
  audit: ["admin", "audit"] as const,
  tools: ["admin", "tools"] as const,
};

type PeoplePage = Complete<Answered<"GET /api/users/admin/users">>;
type OrganizationsPage = Complete<Answered<"GET /api/users/admin/orgs">>;

/** Which people: by a part of the address, and `true`, `false` or empty for whether they are approved. */
export interface PeopleWanted {
  search: string;
  approved: "" | "true" | "false";
}

/** People, the newest first. */
export function usePeople(wanted: PeopleWanted): Pages<PeoplePage> {
  return usePages([...keys.people, wanted], (pageToken) =>
    call("GET /api/users/admin/users", { query: { ...wanted, pageToken } }),
  );
}

/** Organizations by id, those with the text in their id or name; `deleted` ones too where that is asked for. */
export function useManaged(search: string, deleted: boolean): Pages<OrganizationsPage> {
  return usePages([...keys.organizations, search, deleted], (pageToken) =>
    call("GET /api/users/admin/orgs", { query: { search, deleted, pageToken } }),
  );
}
