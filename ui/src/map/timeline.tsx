import { type FormEvent, useEffect, useState } from "react";
import { Button } from "../parts/button";
import { clock, moment } from "../parts/format";
import { Problem } from "../parts/notice";
import { local, MINUTE, marks, momentOf, moved, named, type Range, SECOND, within } from "./moments";
import styles from "./timeline.module.css";
import { useHistory } from "./use-history";

/** Between the last move of a drag and its moment being read, in milliseconds. */
const CALM = 200;

const STEPS = [
  { by: -MINUTE, words: "− 1 min", title: "A minute earlier" },
  { by: -10 * SECOND, words: "− 10 s", title: "Ten seconds earlier" },
  { by: 10 * SECOND, words: "+ 10 s", title: "Ten seconds later" },
  { by: MINUTE, words: "+ 1 min", title: "A minute later" },
] as const;

interface Props {
  org: string;
  /** The moment that is shown; empty: now. */
  at: string;
  onMove: (at: string) => void;
}

/** A strip of all moments that can be looked at. */
export function Timeline({ org, at, onMove }: Props) {
  const { range, known, error } = useHistory(org);
  if (error && !known) {
    return <Problem error={error} />;
  }
  return (
    <section aria-label="Timeline" className={styles.timeline}>
      {range ? (
        <>
          <Track range={range} at={at} onMove={onMove} />
          <Steps range={range} at={at} onMove={onMove} />
        </>
      ) : (
        <p className={styles.words}>
          {known ? "No past moment is kept yet: look again when a probe has reported." : "…"}
        </p>
      )}
    </section>
  );
}

interface RangeProps extends Omit<Props, "org"> {
  range: Range;
}

function Track({ range, at, onMove }: RangeProps) {
  const [draft, setDraft] = useDraft(at, range, onMove);
  const shown = within(draft ?? momentOf(at, range.newest), range);
  const place = (one: number) =>
    range.newest > range.oldest ? (one - range.oldest) / (range.newest - range.oldest) : 1;
  return (
    <div className={styles.track}>
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={shown >= range.newest ? "now" : moment(shown)}
        title="Drag, or press an arrow key, to look at a past moment"
        min={range.oldest}
        max={range.newest}
        step={SECOND}
        value={Number.isNaN(shown) ? range.newest : shown}
        onChange={(event) => setDraft(Number(event.target.value))}
      />
      <ol aria-hidden="true" className={styles.marks}>
        {marks(range).map((one) => (
          <li key={one} style={{ insetInlineStart: `${place(one) * 100}%` }}>
            {clock(one)}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The moment that a drag is at; it is looked at once the drag comes to rest. */
function useDraft(at: string, range: Range, onMove: (at: string) => void) {
  const [draft, setDraft] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is looked at now ends the drag
  useEffect(() => setDraft(null), [at]);
  useEffect(() => {
    if (draft === null) {
      return;
    }
    const timer = setTimeout(() => {
      // The last second is now: a drag to the end goes there.
      onMove(draft > range.newest - SECOND ? "" : named(draft));
      setDraft(null);
    }, CALM);
    return () => clearTimeout(timer);
  }, [draft, range.newest, onMove]);
  return [draft, setDraft] as const;
}

function Steps({ range, at, onMove }: RangeProps) {
  // An address may name moments at the end of time, of which no clock can tell.
  const shown = within(momentOf(at, range.newest), range);
  return (
    <div className={styles.steps}>
      {STEPS.map(({ by, words, title }) => (
        <Button key={by} title={title} disabled={by > 0 && at === ""} onClick={() => onMove(moved(at, by, range))}>
          {words}
        </Button>
      ))}
      <Exact key={at} moment={Number.isNaN(shown) ? range.newest : shown} range={range} onMove={onMove} />
      <Button look={at ? "main" : "usual"} disabled={at === ""} onClick={() => onMove("")}>
        Now
      </Button>
    </div>
  );
}

function Exact({ moment: shown, range, onMove }: { moment: number; range: Range; onMove: (at: string) => void }) {
  const [typed, setTyped] = useState("");
  const value = typed || local(shown);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = new Date(value).getTime();
    if (!Number.isNaN(wanted)) {
      onMove(wanted >= range.newest ? "" : named(wanted));
    }
  };
  return (
    <form className={styles.exact} onSubmit={submit}>
      <input
        type="datetime-local"
        step={1}
        aria-label="Exact time"
        value={value}
        onChange={(event) => setTyped(event.target.value)}
      />
      <Button type="submit">Show</Button>
    </form>
  );
}
