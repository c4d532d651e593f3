import type { ReactNode } from "react";
import { Acting } from "./admin/acting";
import type { Me } from "./api/types";
import { href, type Route } from "./routes";
import styles from "./shell.module.css";

interface Props {
  me: Me;
  route: Route;
  children: ReactNode;
}

/** What is around every page of who is signed in: where one is, and the ways to everywhere else. */
export function Shell({ me, children }: Props) {
  return (
    <>
      <button type="button" className={styles.skip} onClick={() => document.getElementById("main")?.focus()}>
        To the page
      </button>
      {me.impersonator && <Acting me={me} />}
      <header className={styles.header}>
        <a className={styles.brand} href={href({ page: "dashboard" })}>
          Scope
        </a>
        <nav aria-label="Account">
          {me.admin && <a href={href({ page: "admin", section: "people" })}>Administration</a>}
          <a href={href({ page: "account" })}>{me.email}</a>
        </nav>
      </header>
      {children}
    </>
  );
}
