import { useEffect, useReducer } from "react";
import type { View } from "../live/view";
import { measured } from "../parts/format";
import styles from "./metrics.module.css";
import { joined, type Metric, range } from "./samples";
import { Section } from "./section";
import { Sparkline } from "./sparkline";
import { useSome } from "./use-some";

/** Shown at first. */
const FIRST = 6;

/** What is measured of a node: the newest values, and the last minute. */
export function Metrics({ id, metrics, view }: { id: string; metrics: readonly Metric[]; view: View }) {
  useMeasurements(view, id);
  const { some, more } = useSome(metrics, FIRST, "measurement");
  return (
    metrics.length > 0 && (
      <Section title="Status">
        <dl className={styles.metrics}>
          {some.map((metric) => (
            <One key={metric.id} id={id} metric={metric} view={view} />
          ))}
        </dl>
        {more}
      </Section>
    )
  );
}

function One({ id, metric, view }: { id: string; metric: Metric; view: View }) {
  const { label, format, max } = metric;
  const points = joined(metric.samples, view.samples(id, metric.id));
  const found = range(points);
  const value = points.at(-1)?.value ?? metric.value;
  const said = (one: number) => measured(one, format);
  return (
    <div className={styles.metric}>
      <dt>
        {label}
        {format === "filesize" && max > value && <span> of {said(max)}</span>}
      </dt>
      <dd>
        <span className={styles.value}>{said(value)}</span>
        <Sparkline label={label} format={format} points={points} />
        <span className={styles.range}>
          {found ? `${said(found.smallest)} – ${said(found.largest)}` : "not measured in the last minute"}
        </span>
      </dd>
    </div>
  );
}

/** Renders again when a node was measured. */
function useMeasurements(view: View, id: string): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(
    () =>
      view.subscribe(({ metrics }) => {
        if (metrics.has(id)) {
          again();
        }
      }),
    [view, id],
  );
}
