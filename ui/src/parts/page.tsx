import { type ReactNode, useEffect } from "react";
import styles from "./page.module.css";

interface Props {
  /** What tests and styles know the page by. */
  name: string;
  /** What the browser's tab says. */
  title: string;
  /** Whether it takes the whole window, as the map does, instead of a column to read. */
  wide?: boolean;
  children: ReactNode;
}

/** One page: the main region of the window. */
export function Page({ name, title, wide = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Scope`;
  }, [title]);
  return (
    <main id="main" tabIndex={-1} data-page={name} className={wide ? styles.wide : styles.page}>
      {children}
    </main>
  );
}
