import type { ReactNode } from "react";
import { CallError } from "../api/call";
import { Button } from "./button";
import styles from "./notice.module.css";

interface Props {
  kind?: "info" | "good" | "warn" | "bad";
  title?: string;
  children?: ReactNode;
}

/** Something that the page has to say: what is, and what to do. A bad one is read out at once. */
export function Notice({ kind = "info", title = "", children }: Props) {
  return (
    <div role={kind === "bad" ? "alert" : "status"} className={`${styles.notice} ${styles[kind]}`}>
      {title && <strong>{title}</strong>}
      {children}
    </div>
  );
}

/** What went wrong, in the service's words, and the way to try again where there is one. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const words = error instanceof Error ? error.message : String(error);
  const title = error instanceof CallError && error.status === 403 ? "This is not yours to see" : "That did not work";
  return (
    <Notice kind="bad" title={title}>
      <p>{words}</p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </Notice>
  );
}

/** Something is being fetched; said only when it takes a moment. */
export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p role="status" className={styles.loading}>
      {what} …
    </p>
  );
}
