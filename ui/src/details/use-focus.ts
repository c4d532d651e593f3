import { type RefObject, useEffect, useRef } from "react";

/**
 * Moves the focus into what is on top as that changes, and back to where it was once nothing is there. What is open from
 * the start does not take it.
 */
export function useFocus(top: string | undefined): RefObject<HTMLElement | null> {
  const panel = useRef<HTMLElement>(null);
  const shown = useRef(top);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (top === shown.current) {
      return;
    }
    if (shown.current === undefined) {
      before.current = document.activeElement;
    }
    shown.current = top;
    const back = before.current instanceof HTMLElement && before.current.isConnected ? before.current : null;
    const goal = top === undefined ? (back ?? document.getElementById("main")) : panel.current;
    goal?.focus({ preventScroll: true });
  }, [top]);
  return panel;
}
