import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { CallError } from "./call";
import { endWords, ME, signedOut } from "./session";

const TRIES = 3;

/** Whether asking again may help: nobody answered, or who did could not just now. */
function temporary(error: unknown): boolean {
  return error instanceof CallError && (error.status === 0 || error.status === 429 || error.status >= 502);
}

/** What the pages read through: kept for a moment, read again when the window is looked at, and gone on signing out. */
export function makeClient(): QueryClient {
  const onError = (error: unknown): void => {
    const ended = error instanceof CallError && error.status === 401 && error.reason !== "LOGIN_LINK_INVALID";
    if (ended && client.getQueryData(ME)) {
      signedOut(client, endWords(error));
    }
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { staleTime: 2_000, retry: (failed, error) => failed < TRIES && temporary(error) },
      // What it answered may be a secret that is shown once: nothing keeps it that does not show it.
      mutations: { retry: false, gcTime: 0 },
    },
  });
  return client;
}
