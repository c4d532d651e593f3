import { type ReactNode, useEffect, useRef } from "react";
import { announce } from "./announce";
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

/** What was shown last; the browser itself says what it opens first. */
const last = { name: "", title: "" };

/** One page: the main region of the window. Another page takes the focus, so that reading begins there. */
export function Page({ name, title, wide = false, children }: Props) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · Scope`;
    if (last.name && last.name !== name) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    } else if (last.name && last.title !== title) {
      announce(title);
    }
    Object.assign(last, { name, title });
  }, [name, title]);
  return (
    <main
      ref={main}
      id="main"
      aria-label={title}
      tabIndex={-1}
      data-page={name}
      className={wide ? styles.wide : styles.page}
    >
      {children}
    </main>
  );
}
