import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { Button } from "../parts/button";
import { keepHeight, keptHeight } from "./looks";
import { type Session, showTerminal } from "./sessions";
import { Terminal, titleOf } from "./terminal";
import styles from "./terminal.module.css";

/** How low it may be, how much is left to the page, and how far a key moves its edge, in pixels. */
const LEAST = 120;
const LEFT = 160;
const STEP = 24;

interface Props {
  sessions: readonly Session[];
  /** The pipe of the one that is looked at. */
  current: string;
  /** The organization whose terminals are shown, those of others wait; empty: none are. */
  org: string;
  person: string;
}

/** The terminals that are open, below the page. */
export default function Dock({ sessions, current, org, person }: Props) {
  const [height, setHeight] = useState(keptHeight);
  const [folded, setFolded] = useState(false);
  const tabs = useRef<HTMLDivElement>(null);
  const own = sessions.filter((one) => one.org === org);
  const shown = own.find(({ pipe }) => pipe === current) ?? own.at(-1);
  const newest = sessions.at(-1)?.pipe;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is opened shall be seen
  useEffect(() => setFolded(false), [newest]);
  const leave = () => tabs.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  const resize = (to: number) => {
    const next = Math.round(Math.max(LEAST, Math.min(to, innerHeight - LEFT)));
    setHeight(next);
    keepHeight(next);
  };
  return (
    <section
      aria-label="Terminals"
      className={styles.dock}
      hidden={!shown}
      style={folded ? {} : { height: Math.min(height, innerHeight - LEFT) }}
    >
      {!folded && <Edge height={height} onResize={resize} />}
      <div className={styles.tabs}>
        <Tabs ref={tabs} sessions={own} current={shown?.pipe ?? ""} />
        <Button look="plain" aria-expanded={!folded} onClick={() => setFolded(!folded)}>
          {folded ? "Show" : "Hide"}
        </Button>
      </div>
      <div className={styles.panels} hidden={folded}>
        {sessions.map((one) => (
          <div
            key={one.pipe}
            id={`terminal-${one.pipe}`}
            role="tabpanel"
            aria-label={titleOf(one)}
            className={styles.panel}
            hidden={one !== shown}
          >
            <Terminal session={one} person={person} onLeave={leave} />
          </div>
        ))}
      </div>
    </section>
  );
}

interface TabsProps {
  ref: React.Ref<HTMLDivElement>;
  sessions: readonly Session[];
  current: string;
}

/** Which terminals there are; arrows go from one to the next. */
function Tabs({ ref, sessions, current }: TabsProps) {
  const at = sessions.findIndex(({ pipe }) => pipe === current);
  const pressed = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = sessions[(at + step + sessions.length) % sessions.length];
    if (step && next) {
      event.preventDefault();
      showTerminal(next.pipe);
      document.getElementById(`tab-${next.pipe}`)?.focus();
    }
  };
  return (
    <div ref={ref} role="tablist" aria-label="Terminals" className={styles.list} onKeyDown={pressed}>
      {sessions.map((one) => (
        <Button
          key={one.pipe}
          id={`tab-${one.pipe}`}
          role="tab"
          look="plain"
          aria-selected={one.pipe === current}
          aria-controls={`terminal-${one.pipe}`}
          tabIndex={one.pipe === current ? 0 : -1}
          title={titleOf(one)}
          onClick={() => showTerminal(one.pipe)}
        >
          <span>{titleOf(one)}</span>
        </Button>
      ))}
    </div>
  );
}

/** The upper edge, by which the terminals are made higher or lower. */
function Edge({ height, onResize }: { height: number; onResize: (height: number) => void }) {
  const moved = ({ currentTarget, pointerId, clientY }: PointerEvent<HTMLDivElement>) => {
    if (currentTarget.hasPointerCapture(pointerId)) {
      onResize((currentTarget.parentElement?.getBoundingClientRect().bottom ?? innerHeight) - clientY);
    }
  };
  const pressed = (event: KeyboardEvent) => {
    const step = event.key === "ArrowUp" ? STEP : event.key === "ArrowDown" ? -STEP : 0;
    if (step) {
      event.preventDefault();
      onResize(height + step);
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: one that is moved is no hr
    <div
      role="separator"
      tabIndex={0}
      aria-label="Height of the terminals"
      aria-orientation="horizontal"
      aria-valuenow={height}
      aria-valuemin={LEAST}
      aria-valuemax={innerHeight - LEFT}
      className={styles.edge}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={moved}
      onKeyDown={pressed}
    />
  );
}
