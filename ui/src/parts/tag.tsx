import type { ReactNode } from "react";
import styles from "./tag.module.css";

/** A word about what stands beside it. */
export function Tag({ kind = "info", children }: { kind?: "info" | "good" | "warn" | "bad"; children: ReactNode }) {
  return <span className={`${styles.tag} ${styles[kind]}`}>{children}</span>;
}
