// What the settings read of an organization, and the keys that it is kept by.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { TokenJson } from "scope-api/scope/users/v1/messages_pb";
import type {
  InvitationJson,
  ListInvitationsResponseJson,
  ListMembersResponseJson,
  ListRolesResponseJson,
  MemberJson,
  OrganizationJson,
} from "scope-api/scope/users/v1/organizations_pb";
import { call } from "../api/call";
import { type Pages, usePages } from "../api/pages";
import type { Complete, Partly } from "../api/types";

export type Member = Partly<MemberJson, "lastLogin">;
export type Invitation = Complete<InvitationJson>;
export type Token = Complete<TokenJson>;
export type Organization = Complete<OrganizationJson>;

export const keys = {
  organization: (org: string) => ["organization", org] as const,
  members: (org: string) => ["organization", org, "members"] as const,
  invitations: (org: string) => ["organization", org, "invitations"] as const,
  tokens: (org: string) => ["organization", org, "tokens"] as const,
  audit: (org: string) => ["organization", org, "audit"] as const,
};

export function useOrganization(org: string): UseQueryResult<Organization> {
  return useQuery({
    queryKey: [...keys.organization(org), "itself"],
    queryFn: async () => (await call<{ organization: Organization }>("GET", "/api/users/org", { org })).organization,
  });
}

/** The roles, least first, with what each may do. */
export function useRoles(): UseQueryResult<Complete<ListRolesResponseJson>["roles"]> {
  return useQuery({
    queryKey: ["roles"],
    queryFn: async () => (await call<Complete<ListRolesResponseJson>>("GET", "/api/users/roles")).roles,
  });
}

type MemberPage = Omit<Complete<ListMembersResponseJson>, "members"> & { members: Member[] };

/** The members, by address. */
export function useMembers(org: string): Pages<MemberPage> {
  return usePages(keys.members(org), (pageToken) =>
    call<MemberPage>("GET", "/api/users/org/members", { org, query: { pageToken } }),
  );
}

/** The open invitations, oldest first. */
export function useInvitations(org: string): UseQueryResult<Invitation[]> {
  return useQuery({
    queryKey: keys.invitations(org),
    queryFn: async () =>
      (await call<Complete<ListInvitationsResponseJson>>("GET", "/api/users/org/invitations", { org })).invitations,
  });
}

/** The caller's API tokens and, for who manages them, the probe tokens; oldest first. */
export function useTokens(org: string): UseQueryResult<Token[]> {
  return useQuery({
    queryKey: keys.tokens(org),
    queryFn: async () => (await call<{ tokens: Token[] }>("GET", "/api/users/tokens", { org })).tokens,
  });
}
