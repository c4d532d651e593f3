import { useState } from "react";
import { duration } from "../parts/format";
import { Time } from "../parts/time";
import styles from "./value.module.css";

/** Text that is longer is clipped at first. */
const LONG = 240;

interface Props {
  text: string;
  /** How to read it: `number`, `datetime`, `duration`, `ip`, `link`, or empty for text. */
  dataType?: string;
  /** Show at most this many characters at first; 0: a few lines. */
  truncate?: number;
}

/** A fact as people read it. */
export function Value({ text, dataType = "", truncate = 0 }: Props) {
  switch (dataType) {
    case "datetime":
      return <Time at={text} />;
    case "duration":
      return text.trim() && Number.isFinite(Number(text)) ? (
        <span title={`${text} seconds`}>{duration(Number(text))}</span>
      ) : (
        text
      );
    case "number":
      return <span className={styles.number}>{text}</span>;
    case "ip":
      return <span className={styles.mono}>{text}</span>;
    case "link":
      return isWeb(text) ? (
        <a href={text} target="_blank" rel="noopener noreferrer">
          {text}
        </a>
      ) : (
        <Clipped text={text} most={LONG} />
      );
    default:
      return <Clipped text={text} most={truncate || LONG} />;
  }
}

/** Whether a text is an address that may be offered as a link: whoever reports it could have written anything. */
export function isWeb(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

/** The beginning of a long text, and a way to all of it. */
function Clipped({ text, most }: { text: string; most: number }) {
  const [whole, setWhole] = useState(false);
  const beginning = beginningOf(text, most);
  if (beginning.length === text.length) {
    return text;
  }
  return (
    <>
      {whole ? text : beginning}
      <button type="button" className={styles.rest} aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? "less" : "…"}
        <span className="visually-hidden">{whole ? "" : "Show all of it"}</span>
      </button>
    </>
  );
}

const characters = new Intl.Segmenter("en");

/** The first characters of a text, as people count them: one may consist of several that the language has. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) {
    return text;
  }
  let end = 0;
  let count = 0;
  for (const { index, segment } of characters.segment(text)) {
    if (count === most) {
      break;
    }
    end = index + segment.length;
    count += 1;
  }
  return text.slice(0, end);
}
