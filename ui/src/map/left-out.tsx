import type { Topology } from "../api/types";
import { countText } from "../parts/format";
import { Popover } from "../parts/popover";
import styles from "./left-out.module.css";
import { type Chosen, widenings } from "./options";

interface Props {
  topology: Topology;
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
}

/** How many nodes the options leave out, behind a button what would show more of them. */
export function LeftOutButton(props: Props) {
  const count = props.topology.stats.filtered_nodes;
  return count === 0 ? null : (
    <Popover look="plain" label={`${countText(count)} left out`} title="Options leave these out: show more">
      <LeftOut {...props} />
    </Popover>
  );
}

/** How many nodes the options leave out, and what would show more of them. */
export function LeftOut({ topology, chosen, onChoose }: Props) {
  const count = topology.stats.filtered_nodes;
  return count === 0 ? null : (
    <p className={styles.left}>
      <span>{countText(count)} left out</span>
      {widenings(topology, chosen).map((one) => (
        <button key={one.group.id} type="button" onClick={() => onChoose(one.chosen)}>
          {one.words}
        </button>
      ))}
    </p>
  );
}
