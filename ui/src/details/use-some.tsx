import { type ReactNode, useState } from "react";
import { counted } from "../parts/format";
import styles from "./panel.module.css";

/** How many more are shown at once: a table of thousands of rows would hold up the page. */
const STEP = 200;

/** The first of many, and the button that shows more of them. */
export function useSome<T>(items: readonly T[], first: number, noun: string): { some: readonly T[]; more: ReactNode } {
  const [most, setMost] = useState(first);
  const left = items.length - most;
  const press = () => setMost(left > 0 ? most + STEP : first);
  const words = left <= 0 ? "Show fewer" : left > STEP ? `Show ${STEP} more of` : "Show all";
  const more = items.length > first && (
    <button type="button" className={styles.more} onClick={press}>
      {left > 0 ? `${words} ${counted(items.length, noun)}` : words}
    </button>
  );
  return { some: items.slice(0, most), more };
}
