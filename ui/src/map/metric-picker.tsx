import type { TableColumn } from "./columns";
import styles from "./metric-picker.module.css";
import { titled } from "./shortcuts";

interface Props {
  metrics: readonly TableColumn[];
  /** The id of the pinned one; empty: none. */
  pinned: string;
  onPin: (id: string) => void;
  /** One that is pointed at, to be shown meanwhile; empty: none. */
  onPreview: (id: string) => void;
}

/** So many can be pressed, and the pinned one; keys lead to all. */
const MOST = 8;

/** The metrics that nodes may show: pointing at one previews it, pressing pins it. */
export function MetricPicker({ metrics, pinned, onPin, onPreview }: Props) {
  if (metrics.length === 0) {
    return null;
  }
  const offered = metrics.filter(({ key }, place) => place < MOST || key === pinned);
  return (
    <fieldset className={styles.picker} onPointerLeave={() => onPreview("")}>
      <legend className="visually-hidden">Metric on nodes</legend>
      {offered.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === pinned}
          title={
            key === pinned
              ? titled("unpin", `${label} is shown: do not`)
              : titled("nextMetric", `Show ${label} on nodes`)
          }
          onPointerEnter={() => onPreview(key)}
          onClick={() => onPin(key === pinned ? "" : key)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}

/** The metric after the pinned one, or before it; from the last to the first. */
export function cycled(metrics: readonly TableColumn[], pinned: string, by: 1 | -1): string {
  const at = metrics.findIndex((one) => one.key === pinned);
  const next = at < 0 ? (by === 1 ? 0 : metrics.length - 1) : (at + by + metrics.length) % metrics.length;
  return metrics[next]?.key ?? "";
}
