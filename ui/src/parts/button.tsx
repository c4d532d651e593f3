import type { ButtonHTMLAttributes } from "react";
import styles from "./button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `main`: what the page is for; `danger`: what cannot be undone; `plain`: without a frame. */
  look?: "main" | "danger" | "plain" | "usual";
  /** Whether what it does is under way: it cannot be pressed again meanwhile. */
  busy?: boolean;
}

/** A button that does something; what leads somewhere is a link. */
export function Button({ look = "usual", busy = false, disabled = false, className = "", ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={`${styles.button} ${styles[look]} ${className}`}
    />
  );
}
