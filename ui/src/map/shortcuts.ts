// What keys do on the map. Each does what a visible control does; none does anything while one types.
import { useEffect, useRef } from "react";

export const SHORTCUTS = [
  { action: "search", keys: ["/"], words: "Search" },
  { action: "graph", keys: ["g"], words: "Show the graph" },
  { action: "table", keys: ["t"], words: "Show the table" },
  { action: "nextMetric", keys: [">"], words: "Next metric" },
  { action: "previousMetric", keys: ["<"], words: "Previous metric" },
  { action: "unpin", keys: ["q"], words: "No metric" },
  { action: "pause", keys: ["p", " "], words: "Pause, or go on" },
  { action: "timeline", keys: ["y"], words: "Show or hide the timeline" },
  { action: "close", keys: ["Escape"], words: "Close the details on top" },
  { action: "help", keys: ["?"], words: "Help" },
] as const;

export type Action = (typeof SHORTCUTS)[number]["action"];
type Handlers = Partial<Record<Action, () => void>>;

interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  defaultPrevented: boolean;
  target: EventTarget | null;
}

/** Inputs in which letters mean nothing. */
const NOT_TYPED_IN = new Set(["checkbox", "radio", "range", "button", "submit", "reset"]);

/** What a press of a key asks for, null for nothing: not while one types, or has something else open. */
export function actionOf(press: Press): Action | null {
  const found = SHORTCUTS.find(({ keys }) => (keys as readonly string[]).includes(press.key));
  if (!found || press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey) {
    return null;
  }
  const target = press.target instanceof Element ? press.target : null;
  const taken = isTypedIn(target) || target?.closest("dialog, [popover]") || (press.key === " " && isPressed(target));
  return taken ? null : found.action;
}

/** How a key is called on screen. */
export function keyName(key: string): string {
  return key === " " ? "Space" : key === "Escape" ? "Esc" : key;
}

/** The words of a control's title: what it does, and by which key. */
export function titled(action: Action, words?: string): string {
  const found = SHORTCUTS.find((one) => one.action === action);
  return found ? `${words ?? found.words} (${found.keys.map(keyName).join(" or ")})` : (words ?? "");
}

const KEPT = "scope-keys";
let work = kept();

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

/** Whether single keys do anything: who dictates, or hits keys unawares, switches that off. Esc works always. */
export function keysWork(): boolean {
  return work;
}

/** Chooses whether they do, and keeps it; where the browser keeps nothing, until the page is left. */
export function letKeysWork(chosen: boolean): void {
  work = chosen;
  try {
    localStorage.setItem(KEPT, chosen ? "on" : "off");
  } catch {
    // As the looks: what is not kept still holds here.
  }
}

/** Does what keys ask for while the page is there. */
export function useShortcuts(handlers: Handlers): void {
  const newest = useRef(handlers);
  useEffect(() => {
    newest.current = handlers;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const action = actionOf(event);
      const handler = action && newest.current[action];
      if (handler && (action === "close" || keysWork()) && !document.querySelector("dialog[open], :popover-open")) {
        event.preventDefault();
        handler();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function isTypedIn(target: Element | null): boolean {
  if (target instanceof HTMLInputElement) {
    return !NOT_TYPED_IN.has(target.type);
  }
  return target?.closest("textarea, select, [contenteditable]") != null;
}

/** Whether the space bar presses it already. */
function isPressed(target: Element | null): boolean {
  return target?.closest("button, a, summary, input, [role=button]") != null;
}
