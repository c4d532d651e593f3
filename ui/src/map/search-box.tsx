import { type KeyboardEvent, type Ref, useId } from "react";
import type { ViewNode } from "../api/types";
import { Button } from "../parts/button";
import { counted } from "../parts/format";
import { Popover } from "../parts/popover";
import { LONGEST } from "../search/parse";
import { SearchHelp } from "./help";
import styles from "./search-box.module.css";
import { titled } from "./shortcuts";
import type { Finding } from "./use-found";

interface Props {
  ref: Ref<HTMLInputElement>;
  finding: Finding;
  nodes: Iterable<ViewNode>;
  /** Opens a node's details. */
  onOpen: (id: string) => void;
}

/** Where one types what to look for, and goes from match to match. */
export function SearchBox({ ref, finding, nodes, onOpen }: Props) {
  const { text, onType, search, onStep } = finding;
  const id = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") {
      onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      // The browser would clear it, too, but not leave it.
      event.preventDefault();
      if (text) {
        onType("");
      } else {
        event.currentTarget.blur();
      }
    }
  };
  return (
    <search className={styles.search}>
      <div className={styles.box}>
        <input
          ref={ref}
          type="search"
          aria-label="Search"
          aria-invalid={search.problem !== ""}
          aria-describedby={id}
          placeholder="Search"
          title={titled("search")}
          spellCheck={false}
          maxLength={LONGEST}
          autoComplete="off"
          value={text}
          onChange={(event) => onType(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <Popover bare className={styles.help} label="?" title="What may be searched">
          <SearchHelp nodes={nodes} />
        </Popover>
        <p id={id} className={styles.problem}>
          {search.problem}
        </p>
      </div>
      {finding.marks && <Matches finding={finding} onOpen={onOpen} />}
    </search>
  );
}

function Matches({ finding: { marks, found, onStep }, onOpen }: Pick<Props, "finding" | "onOpen">) {
  const count = marks?.size ?? 0;
  const step = (by: 1 | -1) => () => onStep(by);
  const words = counted(count, "match", "matches");
  return (
    <div className={styles.matches}>
      {found ? (
        <Button
          look="plain"
          className={styles.found}
          title={`Open ${found.node.label}`}
          onClick={() => onOpen(found.node.id)}
        >
          <span>
            {found.place} of {count}
          </span>
          <strong>{found.node.label}</strong>
        </Button>
      ) : (
        <span className={styles.count} role="status">
          {words}
        </span>
      )}
      <Button
        look="plain"
        aria-label="Match before"
        title="Match before (Shift Enter)"
        disabled={count === 0}
        onClick={step(-1)}
      >
        ↑
      </Button>
      <Button look="plain" aria-label="Next match" title="Next match (Enter)" disabled={count === 0} onClick={step(1)}>
        ↓
      </Button>
    </div>
  );
}
