// What administrators of the deployment read, and the keys that it is kept by.
import type {
  ListAllOrganizationsResponseJson,
  ListPeopleResponseJson,
  ManagedOrganizationJson,
  PersonJson,
} from "scope-api/scope/users/v1/administration_pb";
import { call } from "../api/call";
import { type Pages, usePages } from "../api/pages";
import type { Complete, Partly } from "../api/types";

export type Person = Partly<PersonJson, "approved" | "disabled" | "lastLogin">;

export interface Limits {
  probes?: number;
  reportsPerSecond?: number;
}

export type Managed = Omit<Partly<ManagedOrganizationJson, "deleted" | "purged" | "lastReport">, "limits"> & {
  limits: Limits;
};

export const keys = {
  everything: ["admin"] as const,
  people: ["admin", "people"] as const,
  organizations: ["admin", "organizations"] as const,
  audit: ["admin", "audit"] as const,
};

type PeoplePage = Omit<Complete<ListPeopleResponseJson>, "people"> & { people: Person[] };
type OrganizationsPage = Omit<Complete<ListAllOrganizationsResponseJson>, "organizations"> & {
  organizations: Managed[];
};

/** Which people: by a part of the address, and `true`, `false` or empty for whether they are approved. */
export interface PeopleWanted {
  search: string;
  approved: "" | "true" | "false";
}

/** People, the newest first. */
export function usePeople(wanted: PeopleWanted): Pages<PeoplePage> {
  return usePages([...keys.people, wanted], (pageToken) =>
    call<PeoplePage>("GET", "/api/users/admin/users", { query: { ...wanted, pageToken } }),
  );
}

/** Organizations by id, those with the text in their id or name; `deleted` ones too where that is asked for. */
export function useManaged(search: string, deleted: boolean): Pages<OrganizationsPage> {
  return usePages([...keys.organizations, search, deleted], (pageToken) =>
    call<OrganizationsPage>("GET", "/api/users/admin/orgs", { query: { search, deleted: String(deleted), pageToken } }),
  );
}

/** Where a person is changed. */
export function personPath({ id }: { id: string }, what: string): string {
  return `/api/users/admin/users/${encodeURIComponent(id)}/${what}`;
}

/** Where an organization's bounds are changed. */
export function organizationPath({ id }: { id: string }, what: string): string {
  return `/api/users/admin/orgs/${encodeURIComponent(id)}/${what}`;
}
