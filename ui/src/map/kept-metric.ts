import { useEffect, useRef } from "react";
import type { TableColumn } from "./columns";

/**
 * The id of the metric that nodes show, empty for none. What is pinned stays so in another topology that measures
 * something of the same name, whose id is another; where none does, nothing is shown until one comes back.
 */
export function useKeptMetric(metrics: readonly TableColumn[], pinned: string, pin: (id: string) => void): string {
  const label = useRef("");
  const kept = sameMetric(metrics, pinned, label.current);
  useEffect(() => {
    label.current = metrics.find(({ key }) => key === kept)?.label ?? label.current;
    if (kept !== "" && kept !== pinned) {
      pin(kept);
    }
  });
  return kept;
}

/** The id of a metric here, or of the first with the label that it has elsewhere; empty where there is none. */
export function sameMetric(metrics: readonly TableColumn[], id: string, label: string): string {
  const wanted =
    id === "" ? undefined : (metrics.find(({ key }) => key === id) ?? metrics.find((one) => one.label === label));
  return wanted?.key ?? "";
}
