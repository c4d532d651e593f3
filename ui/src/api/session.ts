import { type QueryClient, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { CallError, call } from "./call";
import { every } from "./polling";
import type { Me, Membership } from "./types";

/** The key of who is signed in. */
export const ME = ["me"] as const;

/** How often it is asked whether somebody still is who they were, and may what they might, in milliseconds. */
const EVERY = 8_000;

const UNAUTHENTICATED = 401;

const me = {
  queryKey: ME,
  /** Answers null where nobody is signed in. */
  queryFn: async ({ client }: { client: QueryClient }): Promise<Me | null> => {
    try {
      const now = await call("GET /api/users/lookup", {});
      const before = client.getQueryData<Me | null>(ME);
      if (before && personOf(before) !== personOf(now)) {
        // Another tab signed in as somebody else, who shall not see what this one was shown.
        forget(client);
      }
      return now;
    } catch (error) {
      if (error instanceof CallError && error.status === UNAUTHENTICATED) {
        if (client.getQueryData(ME)) {
          signedOut(client, endWords(error));
        }
        return null;
      }
      throw error;
    }
  },
  refetchInterval: every(EVERY),
};

/** Who is signed in, null for nobody; waits for it where it is not known yet. */
export function useMe(): Me | null {
  return useSuspenseQuery(me).data;
}

/** The caller's place in an organization, undefined where they have none. */
export function useMembership(org: string): Membership | undefined {
  return useQuery(me).data?.organizations.find((one) => one.id === org);
}

/** The same for the same person, as the service takes them: an administrator who acts as somebody is another. */
export function personOf({ id, impersonator }: Me): string {
  return [id, impersonator].join(" ");
}

/** Whether a permission is among those of a membership: what is not is not offered. */
export function may(membership: Membership | undefined, permission: string): boolean {
  return membership?.permissions.includes(permission) ?? false;
}

/** Why this browser was signed out, for the front page; empty where it was not, or by its own wish. */
export const SIGNED_OUT_WORDS = ["signed-out-words"] as const;

/** Forgets everything that was read, and that anybody was signed in; `words` say why. */
export function signedOut(client: QueryClient, words = ""): void {
  forget(client);
  client.setQueryData(SIGNED_OUT_WORDS, words);
  client.setQueryData(ME, null);
}

/** Why somebody is not signed in any more; where the service says how to be, why they are not. */
export function endWords({ reason, message }: CallError): string {
  return reason === "CREDENTIAL_INVALID" ? "the session was ended here or elsewhere, or was too old" : message;
}

/** Reads who is signed in once more, and forgets what was read as somebody else. */
export async function becameSomebodyElse(client: QueryClient): Promise<void> {
  await client.refetchQueries({ queryKey: ME });
  forget(client);
}

/** Forgets what was read, but not that it is asked who is signed in: what asked would not hear the answer. */
function forget(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME[0] });
  client.getMutationCache().clear();
}

/** Why this browser was signed out. */
export function useSignedOutWords(): string {
  return useQuery({ queryKey: SIGNED_OUT_WORDS, queryFn: () => "", staleTime: Number.POSITIVE_INFINITY }).data ?? "";
}
