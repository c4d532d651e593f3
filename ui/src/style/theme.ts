// What a person chose of the pages' looks, kept by the browser. Nothing chosen: as the system says.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

interface Looks {
  theme: Theme;
  /** Whether high contrast was chosen; the system may want it too. */
  contrast: boolean;
}

const KEY = "scope-looks";
const listeners = new Set<() => void>();
const systemContrast = matchMedia("(prefers-contrast: more)");
let looks = read();

function read(): Looks {
  try {
    const { theme, contrast } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Looks>;
    return { theme: theme === "light" || theme === "dark" ? theme : "system", contrast: contrast === true };
  } catch {
    return { theme: "system", contrast: false };
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  dataset.theme = looks.theme;
  dataset.contrast = looks.contrast || systemContrast.matches ? "more" : "normal";
  for (const listener of listeners) {
    listener();
  }
}

/** Shows the pages as they were chosen, from now on. */
export function startTheme(): void {
  systemContrast.addEventListener("change", apply);
  apply();
}

/** Changes the looks and keeps them; where the browser keeps nothing, until the page is left. */
export function choose(change: Partial<Looks>): void {
  looks = { ...looks, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(looks));
  } catch {
    // A browser that keeps nothing still shows it.
  }
  apply();
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** The looks as they were chosen. */
export function useLooks(): Looks {
  return useSyncExternalStore(subscribe, () => looks);
}

/** What of the system colours depend on. */
const CONDITIONS = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"];

/** Calls back whenever the colours of the pages may have changed, until what is answered is called. */
export function followTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true });
  const conditions = CONDITIONS.map((condition) => matchMedia(condition));
  for (const condition of conditions) {
    condition.addEventListener("change", changed);
  }
  return () => {
    observer.disconnect();
    for (const condition of conditions) {
      condition.removeEventListener("change", changed);
    }
  };
}
