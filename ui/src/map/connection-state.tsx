import { useEffect, useState } from "react";
import type { Missing } from "../api/types";
import type { Connection, Live } from "../live/following";
import { Button } from "../parts/button";
import { clock, counted, moment } from "../parts/format";
import { Popover } from "../parts/popover";
import styles from "./connection-state.module.css";
import { titled } from "./shortcuts";

interface Props {
  live: Live;
  at: string;
  paused: boolean;
  onPause: () => void;
}

/** How what is shown is connected to what there is, what of it is missing, and the way to have it stand still. */
export function ConnectionState({ live, at, paused, onPause }: Props) {
  const since = useSince(live.connection);
  const missing = missingWords(live.missing);
  return (
    <div className={styles.state}>
      {missing.length > 0 && (
        <Popover className={styles.missing} label="Incomplete" title="What is shown is not all">
          <h2 className={styles.title}>What is shown is not all</h2>
          <ul className={styles.list}>
            {missing.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Popover>
      )}
      <span role="status" className={styles.connection} data-connection={live.connection}>
        <span className={styles.dot} aria-hidden="true" />
        {stateWords(live.connection, at, since)}
      </span>
      {live.connection === "paused" && live.waiting > 0 && (
        <span className={styles.waiting}>{counted(live.waiting, "change")} waiting</span>
      )}
      {at === "" && (
        <Button aria-pressed={paused} title={titled("pause", paused ? "Go on" : "Pause")} onClick={onPause}>
          {paused ? "Go on" : "Pause"}
        </Button>
      )}
    </div>
  );
}

/** When the connection came to be as it is. */
function useSince(connection: Connection): number {
  const [since, setSince] = useState(() => Date.now());
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change that dates it
  useEffect(() => setSince(Date.now()), [connection]);
  return since;
}

/** The connection in words. */
export function stateWords(connection: Connection, at: string, since: number): string {
  switch (connection) {
    case "live":
      return "Live";
    case "connecting":
      return "Connecting";
    case "reconnecting":
      return `Reconnecting since ${clock(since)}`;
    case "paused":
      return "Paused";
    case "past":
      return `As at ${moment(at).startsWith(today()) ? clock(at) : moment(at)}`;
    default:
      return at ? "Not shown" : "Ended";
  }
}

function today(): string {
  return moment(Date.now()).slice(0, 10);
}

/** What is not shown, or may be out of date, a sentence each. */
export function missingWords({
  quietProbes,
  quietProbeCount,
  droppedReports,
  unusableReports,
  limits,
}: Missing): string[] {
  const more = quietProbeCount - quietProbes.length;
  const names = [...quietProbes, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return [
    ...(quietProbeCount > 0
      ? [
          `${counted(quietProbeCount, "probe")} not heard of lately: ${names}. What they reported is marked as quiet, and leaves after a minute.`,
        ]
      : []),
    ...(droppedReports > 0
      ? [`${counted(droppedReports, "report")} dropped by probes: \`scope status\` on their machines says why.`]
      : []),
    ...(unusableReports > 0 ? [`${counted(unusableReports, "report")} could not be read.`] : []),
    ...limits,
  ];
}
