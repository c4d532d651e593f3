import { useQuery } from "@tanstack/react-query";
import { refusal, send } from "../api/call";
import type { Probe } from "../api/types";
import { gate } from "./gate";
import type { Heard } from "./state";

/** How many organizations are asked at once: the others, and the other pages, want to be answered too. */
const turn = gate(4);

async function hear(org: string, signal: AbortSignal): Promise<Heard> {
  const answer = await send("GET", "/api/probes", { org, signal });
  if (!answer.ok) {
    throw refusal(answer.status, await answer.text());
  }
  const now = Date.parse(answer.headers.get("date") ?? "");
  return { probes: (await answer.json()) as Probe[], now: Number.isNaN(now) ? Date.now() : now };
}

interface Options {
  /** How often they are asked for while the page is visible, in ms. */
  every: number;
  wanted?: boolean;
}

/** The probes of an organization that reported lately. */
export function useProbes(org: string, { every, wanted = true }: Options) {
  return useQuery({
    queryKey: ["probes", org],
    queryFn: ({ signal }) => turn(() => hear(org, signal)),
    refetchInterval: every,
    enabled: wanted,
  });
}
