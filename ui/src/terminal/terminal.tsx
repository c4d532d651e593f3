import { useId, useRef, useState } from "react";
import { useAction } from "../api/action";
import { invoke } from "../controls/invoke";
import { announce } from "../parts/announce";
import { Button } from "../parts/button";
import { Problem } from "../parts/notice";
import { Popover } from "../parts/popover";
import { Tag } from "../parts/tag";
import { href, mapOf } from "../routes";
import { go } from "../use-route";
import { readerWanted, wantReader } from "./looks";
import { closeTerminal, keepTerminals, openTerminal, type Session } from "./sessions";
import styles from "./terminal.module.css";
import { type Shown, useTerminal } from "./use-terminal";

/** How large a window of its own is. */
const WINDOW = "popup,width=900,height=560";

interface Props {
  session: Session;
  /** Who looks at it. */
  person: string;
  /** Whether it has a window of its own. */
  alone?: boolean;
  /** The key was pressed by which one leaves it. */
  onLeave: () => void;
}

/** A terminal: what it is, how it goes, what can be done with it, and its screen. */
export function Terminal({ session, person, alone = false, onLeave }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const keys = useId();
  const shown = useTerminal(session, { element, describedBy: keys, alone, onLeave });
  return (
    <div className={styles.terminal} data-state={shown.state} data-pipe={session.pipe}>
      <div className={styles.bar}>
        <h2 title={titleOf(session)}>{titleOf(session)}</h2>
        {shown.readOnly && <Tag>You may only read</Tag>}
        <span role="status" className={styles.words}>
          {shown.words}
        </span>
        <Buttons session={session} person={person} alone={alone} shown={shown} />
      </div>
      <div ref={element} className={styles.screen} />
      <p id={keys} className="visually-hidden">
        Control Shift L leaves the terminal; Control Shift C copies what is selected.
      </p>
    </div>
  );
}

/** What a terminal is called. */
export function titleOf({ node, label }: Session): string {
  return `${node} · ${label}`;
}

function Buttons({
  session,
  person,
  alone,
  shown,
}: {
  session: Session;
  person: string;
  alone: boolean;
  shown: Shown;
}) {
  const again = useAction(() => invoke(session, session.arguments), {
    done: (answer) => {
      const { pipe, raw_tty: rawTty, readOnly } = answer;
      openTerminal({ ...session, pipe, rawTty, readOnly, received: 0, screen: "" }, session.pipe);
      if (alone) {
        go({ page: "terminal", org: session.org, pipe }, { replace: true });
      }
    },
  });
  const pop = () => {
    shown.connection.current?.leave();
    keepTerminals(person);
    if (window.open(href({ page: "terminal", org: session.org, pipe: session.pipe }), "_blank", WINDOW)) {
      closeTerminal(session.pipe);
    } else {
      openTerminal({ ...session }, session.pipe);
      announce("The browser did not let another window be opened");
    }
  };
  const close = () => {
    shown.connection.current?.end();
    if (alone) {
      window.close();
      // A window that somebody opened themselves stays.
      go(mapOf(session.org));
    }
    closeTerminal(session.pipe);
  };
  return (
    <div className={styles.buttons}>
      {again.problem && <Problem error={again.problem} />}
      {shown.state === "ended" && session.probeId && (
        <Button busy={again.busy} onClick={() => again.run()}>
          Open again
        </Button>
      )}
      <Popover look="plain" label="Keys">
        <Keys shown={shown} />
      </Popover>
      {!alone && shown.state !== "ended" && (
        <Button look="plain" title="Have it in a window of its own" onClick={pop}>
          Own window
        </Button>
      )}
      <Button look="plain" title="End it, and whatever runs in it" onClick={close}>
        Close
      </Button>
    </div>
  );
}

/** What keys do, and what else may be chosen. */
function Keys({ shown }: { shown: Shown }) {
  const [reader, setReader] = useState(readerWanted);
  const choose = (on: boolean) => {
    wantReader(on);
    setReader(on);
    if (shown.screen.current) {
      shown.screen.current.screenReader = on;
    }
  };
  return (
    <div className={styles.keys}>
      <dl>
        {KEYS.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input type="checkbox" checked={reader} onChange={(event) => choose(event.target.checked)} />
        Tell what is shown to a screen reader
      </label>
    </div>
  );
}

const KEYS = [
  ["Ctrl Shift L", "leaves the terminal, as Tab does elsewhere"],
  ["Ctrl Shift C", "copies what is selected"],
  ["Ctrl Shift V", "pastes"],
] as const;
