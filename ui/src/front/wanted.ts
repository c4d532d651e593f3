// Where somebody was going who has to sign in first: kept for this tab, so that they get there afterwards.

import { parse, type Route } from "../routes";

const KEY = "scope-wanted";

/** For browsers that keep nothing for pages. */
let kept = "";

/** Remembers the fragment of a page that is worth coming back to; forgets what was remembered for any other. */
export function want(fragment: string): void {
  kept = isWorthIt(parse(fragment)) ? fragment : "";
  try {
    kept ? sessionStorage.setItem(KEY, kept) : sessionStorage.removeItem(KEY);
  } catch {
    // It is remembered for as long as the page is not loaded again.
  }
}

/** The fragment that is remembered; empty: none. */
export function wanted(): string {
  try {
    return sessionStorage.getItem(KEY) ?? kept;
  } catch {
    return kept;
  }
}

/** Whether a page is somewhere, other than where everybody gets to anyway. */
export function isWorthIt(route: Route): boolean {
  return ["map", "settings", "add-probe", "account", "admin"].includes(route.page);
}
