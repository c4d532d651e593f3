import { Dialog } from "../parts/dialog";
import styles from "./help.module.css";
import { keyName, SHORTCUTS } from "./shortcuts";

/** What keys do, by what they are for; beside those of the map those of what is on it. */
const ELSEWHERE = [
  { keys: ["Enter"], words: "In the search: open the next match" },
  { keys: ["Shift Enter"], words: "In the search: open the match before" },
  { keys: ["↑", "↓", "Home", "End"], words: "In the table: other rows; Enter opens one" },
  { keys: ["←", "→"], words: "In the timeline: a moment earlier or later" },
];

const SEARCHES = [
  ["nginx", "nodes with “nginx” in their name, facts, tables, or what they belong to"],
  ["host:web", "nodes with “web” in a field whose name starts with “host”"],
  ["cpu > 50", "nodes whose CPU is above 50; memory > 1g, load < 2"],
] as const;

/** All shortcuts, and what may be searched. */
export function Help({ onClose }: { onClose: () => void }) {
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
        <h3>Search</h3>
        <SearchHelp />
      </div>
    </Dialog>
  );
}

/** What may be searched, by example. */
export function SearchHelp() {
  return (
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
  );
}
