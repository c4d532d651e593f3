// Bounds that one organization has of its own.
import type { Limits } from "../api/types";
import { counted } from "../parts/format";

/** What is typed into the inputs; empty: the deployment's bound holds. */
interface LimitsTyped {
  probes: string;
  reportsPerSecond: string;
}

export function typed({ probes, reportsPerSecond }: Limits): LimitsTyped {
  return { probes: probes?.toString() ?? "", reportsPerSecond: reportsPerSecond?.toString() ?? "" };
}

/** All of the limits, as the service takes them: one that is left out is the deployment's again. */
export function limitsOf({ probes, reportsPerSecond }: LimitsTyped): Limits {
  return {
    ...(probes.trim() && { probes: Number(probes) }),
    ...(reportsPerSecond.trim() && { reportsPerSecond: Number(reportsPerSecond) }),
  };
}

/** "50 probes, 100 reports a second"; empty where the deployment's bounds hold. */
export function limitsWords({ probes, reportsPerSecond }: Limits): string {
  const words = [
    probes === undefined ? "" : `${counted(probes, "probe")} at most`,
    reportsPerSecond === undefined ? "" : `${counted(reportsPerSecond, "report")} a second`,
  ];
  return words.filter(Boolean).join(", ");
}
