import { type MouseEvent, type ReactNode, useId, useState } from "react";
import { Button } from "./button";
import styles from "./popover.module.css";

interface Props {
  /** What stands on the button that opens it. */
  label: ReactNode;
  /** What the button does, where its label does not say so. */
  title?: string | undefined;
  look?: "plain" | "usual";
  /** Whether nothing on the button shows that it opens something. */
  bare?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

/** What was a choice of where to go has been made. */
function leave({ target, currentTarget }: MouseEvent<HTMLElement>): void {
  if (target instanceof Element && target.closest("a")) {
    currentTarget.hidePopover();
  }
}

/** A button that opens something small beside it; Esc, or a press elsewhere, closes that. */
export function Popover({ label, title, look = "usual", bare = false, className = "", children }: Props) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button popoverTarget={id} title={title} look={look} className={`${bare ? "" : styles.opener} ${className}`}>
        {label}
      </Button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the press is one of a link in it, by whatever means */}
      <div
        id={id}
        popover="auto"
        className={styles.popover}
        onBeforeToggle={(event) => setOpen(event.newState === "open")}
        onClick={leave}
      >
        {open && children}
      </div>
    </>
  );
}
