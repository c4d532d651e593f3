import { own } from "../parts/own";
import styles from "./controls.module.css";

/** Lines in a square of 16, by the name that controls give their icon. */
const LINES: Readonly<Record<string, string>> = {
  terminal: "M2 4l4 4-4 4M8 12h6",
  desktop: "M2 3h12v8H2zM6 14h4M8 11v3",
  "file-text": "M4 2h6l2 2v10H4zM6 7h4M6 10h4",
  play: "M5 3l8 5-8 5z",
  redo: "M13 5A6 6 0 1 0 14 9M13 1v4H9",
  pause: "M5 3v10M11 3v10",
  stop: "M4 4h8v8H4z",
  "trash-alt": "M3 4h10M6 4V2h4v2M4 4l1 10h6l1-10",
  bolt: "M9 1L4 9h4l-1 6 5-8H8z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  "toggle-on": "M5 4h6a4 4 0 0 1 0 8H5a4 4 0 0 1 0-8zM11 7v2",
  "toggle-off": "M5 4h6a4 4 0 0 1 0 8H5a4 4 0 0 1 0-8zM5 7v2",
};

/** A control's icon by its name, as `fa fa-play`; nothing where we have none of that name. */
export function Icon({ name }: { name: string }) {
  const lines = own(LINES, name.replace(/^.*\bfa-/, ""));
  return (
    lines && (
      <svg viewBox="0 0 16 16" aria-hidden="true" className={styles.icon}>
        <path d={lines} />
      </svg>
    )
  );
}
