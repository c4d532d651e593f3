import { useEffect, useState } from "react";
import type { Probe } from "../../api/types";
import { announce } from "../../parts/announce";
import { ButtonLink } from "../../parts/button";
import { Problem } from "../../parts/notice";
import { href, mapOf } from "../../routes";
import { useProbes } from "../probes";
import { named } from "../state";
import styles from "./add.module.css";
import { Help } from "./help";

const EVERY_MS = 2_000;

/** How long the first report may take before it is said what to look at. */
const PATIENCE_MS = 30_000;

/** Shows each new probe as its first report arrives, and helps when none does. */
export function Arrivals({ org }: { org: string }) {
  const { data, error } = useProbes(org, { interval: EVERY_MS });
  const { before, arrived } = useArrived(data?.probes);
  const late = useLate(arrived.length > 0);
  return (
    <section className={styles.arrivals} aria-label="New probes">
      <h2>{arrived.length > 0 ? "It reports" : "Waiting for the first report"}</h2>
      {error ? <Problem error={error} /> : arrived.length === 0 && <Waiting before={before} />}
      <ul className={styles.probes}>
        {arrived.map((probe) => (
          <li key={probe.id}>
            <strong>{probe.hostname}</strong> <span className={styles.quiet}>version {probe.version}</span>
          </li>
        ))}
      </ul>
      {(arrived.length > 0 || before.length > 0) && (
        <p>
          <ButtonLink look={arrived.length > 0 ? "main" : "usual"} href={href(mapOf(org))}>
            To the map
          </ButtonLink>
        </p>
      )}
      {late && <Help />}
    </section>
  );
}

function Waiting({ before }: { before: readonly Probe[] }) {
  return (
    <p className={styles.waiting}>
      A new probe shows up here within seconds of its start.
      {before.length > 0 && ` ${named(before)} ${before.length === 1 ? "reports" : "report"} already.`}
    </p>
  );
}

/** Which probes were there when the page was opened, and which came after that. */
function useArrived(probes: readonly Probe[] | undefined): {
  before: readonly Probe[];
  arrived: readonly Probe[];
} {
  const [before, setBefore] = useState(probes);
  if (probes && !before) {
    setBefore(probes);
  }
  const known = new Set(before?.map((probe) => probe.id));
  const arrived = before ? (probes ?? []).filter((probe) => !known.has(probe.id)) : [];
  const words = arrived.length > 0 ? `${named(arrived)} ${arrived.length === 1 ? "reports" : "report"}` : "";
  useEffect(() => {
    if (words) {
      announce(words);
    }
  }, [words]);
  return { before: before ?? [], arrived };
}

/** Whether nothing has come for a while. */
function useLate(arrived: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (arrived) {
      return;
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [arrived]);
  return late;
}
