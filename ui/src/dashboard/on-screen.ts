import { type RefObject, useEffect, useState } from "react";

/** Whether an element is where somebody sees it, or about to be. */
export function useOnScreen(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const { current } = element;
    if (!current) {
      return;
    }
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: "200px",
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}
