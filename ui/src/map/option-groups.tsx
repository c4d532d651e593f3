import type { Topology } from "../api/types";
import { Popover } from "../parts/popover";
import styles from "./option-groups.module.css";
import {
  type Chosen,
  choose,
  chosenIn,
  type Group,
  isSwitch,
  isUnion,
  severalIn,
  titleOf,
  toggle,
  unionWords,
} from "./options";

interface Props {
  topology: Topology;
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
}

/** What may be chosen in a topology. */
export function OptionGroups({ topology, chosen, onChoose }: Props) {
  return (
    <fieldset className={styles.groups}>
      <legend className="visually-hidden">Options</legend>
      {topology.options.map((group) => {
        const Kind = isUnion(group) ? Several : isSwitch(group) ? Switch : One;
        return <Kind key={group.id} group={group} chosen={chosen} onChoose={onChoose} />;
      })}
    </fieldset>
  );
}

interface GroupProps extends Omit<Props, "topology"> {
  group: Group;
}

function Switch({ group, chosen, onChoose }: GroupProps) {
  const label = group.options.find((one) => one.value === "show")?.label ?? titleOf(group);
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        name={group.id}
        checked={chosenIn(group, chosen) === "show"}
        onChange={(event) => onChoose(choose(group, event.target.checked ? "show" : "hide", chosen))}
      />
      {label}
    </label>
  );
}

function One({ group, chosen, onChoose }: GroupProps) {
  return (
    <select
      className={styles.select}
      name={group.id}
      aria-label={titleOf(group)}
      value={chosenIn(group, chosen)}
      onChange={(event) => onChoose(choose(group, event.target.value, chosen))}
    >
      {group.options.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

function Several({ group, chosen, onChoose }: GroupProps) {
  const values = severalIn(group, chosen);
  return (
    <Popover label={unionWords(group, chosen)} title={titleOf(group)}>
      <fieldset className={styles.several}>
        <legend>{titleOf(group)}</legend>
        <label className={styles.check}>
          <input type="checkbox" checked={values.length === 0} onChange={() => onChoose(choose(group, "", chosen))} />
          {group.noneLabel}
        </label>
        {group.options.map(({ value, label }) => (
          <label key={value} className={styles.check}>
            <input
              type="checkbox"
              name={`${group.id}=${value}`}
              checked={values.includes(value)}
              onChange={() => onChoose(toggle(group, value, chosen))}
            />
            {label}
          </label>
        ))}
      </fieldset>
    </Popover>
  );
}
