import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";

/** In pixels; as the style says. */
const ROW = 36;
const PAGE = 10;

/** Which rows are there to be seen, and how keys move among them. */
export function useRows(rows: readonly { id: string }[], scroller: HTMLElement | null, chosen: string) {
  const [focused, setFocused] = useState(0);
  const last = rows.length - 1;
  const active = Math.min(focused, Math.max(0, last));
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW,
    // Another function would have it measure all rows anew.
    getItemKey: useCallback((index: number) => rows[index]?.id ?? index, [rows]),
    overscan: 10,
    scrollPaddingStart: ROW,
    // The row that has the focus stays, wherever one scrolls.
    rangeExtractor: useCallback(
      (range: Range) =>
        [...new Set([...defaultRangeExtractor(range), Math.min(active, range.count - 1)])].sort((a, b) => a - b),
      [active],
    ),
  });
  const onKeyDown = useCallback(
    (event: KeyboardEvent, index: number) => {
      const to = target(event.key, index, last);
      if (to === null) {
        return;
      }
      event.preventDefault();
      setFocused(to);
      virtualizer.scrollToIndex(to);
      // It is there once this is drawn.
      requestAnimationFrame(() =>
        scroller?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }),
      );
    },
    [last, scroller, virtualizer],
  );
  const place = chosen ? rows.findIndex((one) => one.id === chosen) : -1;
  const seen = useRef("");
  useEffect(() => {
    // What was opened elsewhere is brought into sight, once.
    if (place >= 0 && seen.current !== chosen) {
      seen.current = chosen;
      virtualizer.scrollToIndex(place);
    }
  }, [chosen, place, virtualizer]);
  return { virtualizer, active, onFocus: setFocused, onKeyDown };
}

/** The row that a key leads to, null where it leads nowhere. */
export function target(key: string, from: number, last: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + PAGE,
    PageUp: from - PAGE,
    Home: 0,
    End: last,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(Math.max(to, 0), last);
}
