import { MutationCache, QueryCache, QueryClient, type QueryKey } from "@tanstack/react-query";
import { CallError } from "./call";
import { temporary, untilRead } from "./polling";
import { endWords, ME, signedOut } from "./session";

const FORBIDDEN = 403;

/**
 * What the pages read through: kept for a moment, read again when the window is looked at, and gone on signing out.
 *
 * What fails for a moment is tried once more at once, so that nobody sees a replica leave; then it is said, and asked for
 * again now and then. Nothing waits for the browser to believe that it is online: it says so at once where nobody answers,
 * and nothing that somebody wished is done when they do not expect it any more.
 */
export function makeClient(): QueryClient {
  const onError = (error: unknown, key: QueryKey = []): void => {
    const ended = error instanceof CallError && error.status === 401 && error.reason !== "LOGIN_LINK_INVALID";
    if (ended && client.getQueryData(ME)) {
      signedOut(client, endWords(error));
    } else if (error instanceof CallError && error.status === FORBIDDEN && key[0] !== ME[0]) {
      // Perhaps one may less than the pages believe.
      void client.refetchQueries({ queryKey: ME, stale: true });
    }
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error, { queryKey }) => onError(error, queryKey) }),
    mutationCache: new MutationCache({ onError: (error) => onError(error) }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        networkMode: "always",
        refetchOnReconnect: true,
        refetchInterval: untilRead,
        retry: (failed, error) => failed === 0 && temporary(error) && error.after === 0,
      },
      // What it answered may be a secret that is shown once: nothing keeps it that does not show it.
      mutations: { retry: false, networkMode: "always", gcTime: 0 },
    },
  });
  return client;
}
