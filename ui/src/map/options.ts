// What may be chosen in a topology, what was, and what would show more.
import type { Topology } from "../api/types";

export type Group = Topology["options"][number];
export type Chosen = Readonly<Record<string, string>>;

/** What a group decides. The service names the choices, not the group. */
const TITLES: Readonly<Record<string, string>> = {
  system: "Which containers",
  stopped: "State of containers",
  pseudo: "What belongs to none",
  namespace: "Namespaces",
  unconnected: "Without connections",
};

/** The choice of a group that leaves nothing out, and what it shows that others leave out. */
const WIDEST: Readonly<Record<string, readonly [value: string, words: string]>> = {
  stopped: ["both", "Show stopped ones too"],
  system: ["all", "Show system containers too"],
  unconnected: ["show", "Show those without connections too"],
  namespace: ["", "Show all namespaces"],
};

/** What to call a group. */
export function titleOf(group: Group): string {
  return TITLES[group.id] ?? group.id;
}

/** Whether a group only says whether to show something: `show` or `hide`. */
export function isSwitch(group: Group): boolean {
  return (
    group.options.length === 2 && ["show", "hide"].every((value) => group.options.some((one) => one.value === value))
  );
}

/** Whether several may be chosen at once. */
export function isUnion(group: Group): boolean {
  return group.selectType === "union";
}

/** What holds in a group: what was chosen, else its default. */
export function chosenIn(group: Group, chosen: Chosen): string {
  return chosen[group.id] || group.defaultValue;
}

/** What was chosen in a group of which several may be. */
export function severalIn(group: Group, chosen: Chosen): string[] {
  return chosenIn(group, chosen).split(",").filter(Boolean);
}

/** The choices with another one in a group; the default is not written down, so that links stay short. */
export function choose(group: Pick<Group, "id" | "defaultValue">, value: string, chosen: Chosen): Chosen {
  const { [group.id]: _, ...others } = chosen;
  return value === group.defaultValue ? others : { ...others, [group.id]: value };
}

/** The choices with one of several in a group taken in or out. */
export function toggle(group: Group, value: string, chosen: Chosen): Chosen {
  const before = severalIn(group, chosen);
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value].sort();
  return choose(group, after.join(","), chosen);
}

/** What is chosen in a group of which several may be, in words. */
export function unionWords(group: Group, chosen: Chosen): string {
  const values = severalIn(group, chosen);
  const label = group.options.find((one) => one.value === values[0])?.label ?? values[0];
  return values.length === 0
    ? group.noneLabel
    : values.length === 1
      ? `${label}`
      : `${label} and ${values.length - 1} more`;
}

/** A way to leave out less. */
interface Widening {
  group: Group;
  words: string;
  chosen: Chosen;
}

/** What would leave out less in a topology, one group at a time. */
export function widenings(topology: Topology, chosen: Chosen): Widening[] {
  return topology.options.flatMap((group) => {
    const [value, words] = WIDEST[group.id] ?? [];
    return value === undefined || words === undefined || chosenIn(group, chosen) === value
      ? []
      : [{ group, words, chosen: choose(group, value, chosen) }];
  });
}
