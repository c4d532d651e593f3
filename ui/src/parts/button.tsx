import type { AnchorHTMLAttributes, ButtonHTMLAttributes, MouseEvent } from "react";
import styles from "./button.module.css";

/** `main`: what the page is for; `danger`: what cannot be undone; `plain`: without a frame. */
type Look = "main" | "danger" | "plain" | "usual";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** Whether what it does is under way: it cannot be pressed again meanwhile. */
  busy?: boolean;
}

/** A button that does something; what leads somewhere is a link. */
export function Button({ look = "usual", busy = false, onClick, className = "", ...rest }: Props) {
  // Not disabled while it is busy: it would lose the focus, and whoever uses the keyboard their place.
  const press = (event: MouseEvent<HTMLButtonElement>) => (busy ? event.preventDefault() : onClick?.(event));
  return (
    <button
      type="button"
      {...rest}
      onClick={press}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={`${styles.button} ${styles[look] ?? ""} ${className}`}
    />
  );
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
  look?: Look;
}

/** A link that is one of the main ways on from here. */
export function ButtonLink({ look = "usual", className = "", ...rest }: LinkProps) {
  return <a {...rest} className={`${styles.button} ${styles[look] ?? ""} ${className}`} />;
}
