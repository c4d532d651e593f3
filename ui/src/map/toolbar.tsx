import type { Topology } from "../api/types";
import { Button } from "../parts/button";
import { useNarrow } from "../parts/narrow";
import { Popover } from "../parts/popover";
import type { MapRoute } from "../routes";
import type { TableColumn } from "./columns";
import { LeftOut, LeftOutButton } from "./left-out";
import styles from "./map-page.module.css";
import { MetricPicker } from "./metric-picker";
import { OptionGroups } from "./option-groups";
import { titled } from "./shortcuts";
import type { Display } from "./use-display";

interface Props {
  route: MapRoute;
  topology: Topology;
  metrics: readonly TableColumn[];
  display: Display;
  timeline: boolean;
  onChange: (part: Partial<MapRoute>, replace?: boolean) => void;
  onPreview: (metric: string) => void;
  onTimeline: () => void;
}

/** What may be chosen about what is shown; in a narrow window behind one button. */
export function Toolbar(props: Props) {
  const { display, timeline, onChange, onTimeline } = props;
  const narrow = useNarrow();
  return (
    <section className={styles.tools} aria-label="What is shown">
      {narrow ? (
        <Popover label="Options">
          <div className={styles.sheet}>
            <Choices {...props} narrow />
          </div>
        </Popover>
      ) : (
        <Choices {...props} />
      )}
      <div className={styles.ways}>
        <fieldset className={styles.switch}>
          <legend className="visually-hidden">Shown as</legend>
          {(["graph", "table"] as const).map((one) => (
            <Button
              key={one}
              aria-pressed={display === one}
              title={titled(one)}
              onClick={() => onChange({ display: one })}
            >
              {one === "graph" ? "Graph" : "Table"}
            </Button>
          ))}
        </fieldset>
        <Button aria-pressed={timeline} title={titled("timeline")} onClick={onTimeline}>
          Timeline
        </Button>
      </div>
    </section>
  );
}

function Choices({ route, topology, metrics, onChange, onPreview, narrow = false }: Props & { narrow?: boolean }) {
  const choose = (options: MapRoute["options"]) => onChange({ options });
  const Left = narrow ? LeftOut : LeftOutButton;
  return (
    <>
      {topology.options.length > 0 && <OptionGroups topology={topology} chosen={route.options} onChoose={choose} />}
      <Left topology={topology} chosen={route.options} onChoose={choose} />
      <MetricPicker
        metrics={metrics}
        pinned={route.metric}
        onPin={(metric) => onChange({ metric }, true)}
        onPreview={onPreview}
      />
    </>
  );
}
