import { type ChangeEvent, useState } from "react";
import type { ViewNode } from "../api/types";
import { Dialog } from "../parts/dialog";
import { searchableNames } from "../search/names";
import styles from "./help.module.css";
import { keyName, keysWork, letKeysWork, SHORTCUTS } from "./shortcuts";

/** What keys do, by what they are for; beside those of the map those of what is on it. */
const ELSEWHERE = [
  { keys: ["Enter", "Shift Enter"], words: "In the search: go to the next match, or the one before" },
  { keys: ["↑", "↓", "Home", "End"], words: "In the table: other rows; Enter opens one" },
  { keys: ["←", "→", "↑", "↓"], words: "In the graph: move it; with Shift go from node to node, Enter opens one" },
  { keys: ["+", "-", "0"], words: "In the graph: nearer, farther, show everything" },
  { keys: ["←", "→"], words: "In the timeline: a moment earlier or later" },
];

/** How many names are told. */
const NAMES = 40;

const SEARCHES = [
  ["nginx", "anywhere: names, facts, tables, what it belongs to"],
  ["image:nginx", "in what is called “image…” only"],
  ["cpu > 50", "measured above 50; also <, >=, <=, =, and 512m or 1.5g"],
  ["-stopped", "without it; all that is typed must hold"],
  ['"two words"', "with the space between them"],
] as const;

/** All shortcuts, and what may be searched. */
export function Help({ nodes, onClose }: { nodes: Iterable<ViewNode>; onClose: () => void }) {
  return (
    <Dialog title="Help" onClose={onClose}>
      <div className={styles.help}>
        <h3>Keys</h3>
        <dl className={styles.list}>
          {[...SHORTCUTS, ...ELSEWHERE].map(({ keys, words }) => (
            <div key={words}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{keyName(key)}</kbd>
                ))}
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
        <p>Keys do nothing of this while you type.</p>
        <Switch />
        <h3>Search</h3>
        <SearchHelp nodes={nodes} />
      </div>
    </Dialog>
  );
}

/** Whether the keys of the first part do anything, in this browser. */
function Switch() {
  const [on, setOn] = useState(keysWork);
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    letKeysWork(event.target.checked);
    setOn(event.target.checked);
  };
  return (
    <label className={styles.switch}>
      <input type="checkbox" checked={on} onChange={chosen} />
      Single keys do something
    </label>
  );
}

/** What may be searched, by example, and what of these nodes has a name to search by. */
export function SearchHelp({ nodes }: { nodes: Iterable<ViewNode> }) {
  const { fields, metrics } = searchableNames(nodes);
  return (
    <div className={styles.help}>
      <dl className={styles.list}>
        {SEARCHES.map(([example, words]) => (
          <div key={example}>
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      {fields.length > 0 && <p>Here there are: {fields.slice(0, NAMES).join(", ")}.</p>}
      {metrics.length > 0 && <p>Measured: {metrics.slice(0, NAMES).join(", ")}.</p>}
    </div>
  );
}
