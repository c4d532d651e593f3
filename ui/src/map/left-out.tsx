import type { Topology } from "../api/types";
import styles from "./left-out.module.css";
import { type Chosen, widenings } from "./options";

interface Props {
  topology: Topology;
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
}

/** How many nodes the options leave out, and what would show more of them. */
export function LeftOut({ topology, chosen, onChoose }: Props) {
  const count = topology.stats.filtered_nodes;
  if (count === 0) {
    return null;
  }
  return (
    <p className={styles.left}>
      <span>{count.toLocaleString("en")} left out</span>
      {widenings(topology, chosen).map((one) => (
        <button key={one.group.id} type="button" onClick={() => onChoose(one.chosen)}>
          {one.words}
        </button>
      ))}
    </p>
  );
}
