import { type ReactNode, useId } from "react";
import { Button } from "./button";
import styles from "./popover.module.css";

interface Props {
  /** What stands on the button that opens it. */
  label: ReactNode;
  /** What the button does, where its label does not say so. */
  title?: string | undefined;
  look?: "plain" | "usual";
  className?: string | undefined;
  children: ReactNode;
}

/** A button that opens something small beside it; Esc, or a press elsewhere, closes that. */
export function Popover({ label, title, look = "usual", className = "", children }: Props) {
  const id = useId();
  return (
    <>
      <Button popoverTarget={id} title={title} look={look} className={className}>
        {label}
      </Button>
      <div id={id} popover="auto" className={styles.popover}>
        {children}
      </div>
    </>
  );
}
