import { type RefObject, useEffect, useRef } from "react";

/**
 * Moves the focus into what is on top as that changes, and back to where it was once nothing is there. What is open from
 * the start does not take it. The way to another map is gone once it was taken: the focus stays in the panel.
 */
export function useFocus(top: string | undefined, map: string): RefObject<HTMLElement | null> {
  const panel = useRef<HTMLElement>(null);
  const shown = useRef(top);
  const place = useRef(map);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    const lost = top !== undefined && place.current !== map && document.activeElement === document.body;
    place.current = map;
    if (top === shown.current && !lost) {
      return;
    }
    if (shown.current === undefined) {
      before.current = document.activeElement;
    }
    shown.current = top;
    const back = before.current instanceof HTMLElement && before.current.isConnected ? before.current : null;
    const goal = top === undefined ? (back ?? document.getElementById("main")) : panel.current;
    goal?.focus({ preventScroll: true });
  }, [top, map]);
  return panel;
}
