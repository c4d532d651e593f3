import type { AnchorHTMLAttributes, ButtonHTMLAttributes } from "react";
import styles from "./button.module.css";

/** `main`: what the page is for; `danger`: what cannot be undone; `plain`: without a frame. */
type Look = "main" | "danger" | "plain" | "usual";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
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

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
  look?: Look;
}

/** A link that is one of the main ways on from here. */
export function ButtonLink({ look = "usual", className = "", ...rest }: LinkProps) {
  return <a {...rest} className={`${styles.button} ${styles[look]} ${className}`} />;
}
