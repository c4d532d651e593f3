import { type ReactNode, useId } from "react";
import styles from "./popover.module.css";

interface Props {
  /** What stands on the button that opens it. */
  label: ReactNode;
  /** What the button does, where its label does not say so. */
  title?: string | undefined;
  className?: string | undefined;
  children: ReactNode;
}

/** A button that opens something small beside it; Esc, or a press elsewhere, closes that. */
export function Popover({ label, title, className = "", children }: Props) {
  const id = useId();
  return (
    <>
      <button type="button" popoverTarget={id} title={title} className={`${styles.button} ${className}`}>
        {label}
      </button>
      <div id={id} popover="auto" className={styles.popover}>
        {children}
      </div>
    </>
  );
}
