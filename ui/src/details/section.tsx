import type { ReactNode } from "react";
import styles from "./panel.module.css";

/** A part of a node's details. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
