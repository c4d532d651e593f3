import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/call";
import { historyQuery } from "../api/history";
import { every } from "../api/polling";
import { gate } from "./gate";
import type { Heard } from "./state";

/** How many organizations are asked at once: the others, and the other pages, want to be answered too. */
const turn = gate(4);

async function hear(org: string, signal: AbortSignal): Promise<Heard> {
  const { answer, headers } = await ask("GET /api/probes", { org, signal });
  const now = Date.parse(headers.get("date") ?? "");
  return { probes: answer, now: Number.isNaN(now) ? Date.now() : now };
}

interface Options {
  /** How often they are asked for while the page is visible, in ms. */
  interval: number;
  wanted?: boolean;
}

/** The probes of an organization that reported lately. */
export function useProbes(org: string, { interval, wanted = true }: Options) {
  return useQuery({
    queryKey: ["probes", org],
    queryFn: ({ signal }) => turn(() => hear(org, signal)),
    refetchInterval: every(interval),
    enabled: wanted,
  });
}

/** When an organization's newest report was stored, as far as its log still knows; asked for where no probe is known. */
export function useNewest(org: string, wanted: boolean): string | undefined {
  return useQuery({ ...historyQuery(org), refetchInterval: every(60_000), enabled: wanted }).data?.newest;
}
