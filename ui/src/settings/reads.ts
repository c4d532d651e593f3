// What the settings read of an organization, and the keys that it is kept by.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { call } from "../api/call";
import type { Answered } from "../api/calls";
import { type Pages, usePages } from "../api/pages";
import type { Complete, Invitation, Role, Token } from "../api/types";

type Organization = Complete<Answered<"GET /api/users/org">>["organization"];
type MemberPage = Complete<Answered<"GET /api/users/org/members">>;

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
    queryFn: async () => (await call("GET /api/users/org", { org })).organization,
  });
}

/** The roles, least first, with what each may do. */
export function useRoles(): UseQueryResult<Role[]> {
  return useQuery({
    queryKey: ["roles"],
    queryFn: async () => (await call("GET /api/users/roles", {})).roles,
  });
}

/** The members, by address. */
export function useMembers(org: string): Pages<MemberPage> {
  return usePages(keys.members(org), (pageToken) => call("GET /api/users/org/members", { org, query: { pageToken } }));
}

/** The open invitations, oldest first. */
export function useInvitations(org: string): UseQueryResult<Invitation[]> {
  return useQuery({
    queryKey: keys.invitations(org),
    queryFn: async () => (await call("GET /api/users/org/invitations", { org })).invitations,
  });
}

/** The caller's API tokens and, for who manages them, the probe tokens; oldest first. */
export function useTokens(org: string): UseQueryResult<Token[]> {
  return useQuery({
    queryKey: keys.tokens(org),
    queryFn: async () => (await call("GET /api/users/tokens", { org })).tokens,
  });
}
