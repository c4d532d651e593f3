import { type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface Props {
  label: string;
  /** What to know before filling it in. */
  hint?: ReactNode;
  /** What is wrong with what is in it. */
  error?: string | undefined;
  /** The input, given what ties it to its label and words. */
  children: (props: { id: string; "aria-describedby": string; "aria-invalid": boolean }) => ReactNode;
}

/** A labelled input with its hint and what is wrong with it. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-words`, "aria-invalid": Boolean(error) })}
      <div id={`${id}-words`} className={styles.words}>
        {error ? <span className={styles.error}>{error}</span> : hint}
      </div>
    </div>
  );
}
