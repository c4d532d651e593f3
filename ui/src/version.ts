// The files of the pages, when some of them cannot be loaded: a newer version may have taken their place.

import { href } from "./routes";
import { currentRoute } from "./use-route";

/** A page that could not be loaded. */
export class FilesError extends Error {}

/** Loads a page's files; throws a FilesError where that cannot be done. */
export async function files<Files>(load: () => Promise<Files>): Promise<Files> {
  try {
    return await load();
  } catch (error) {
    throw new FilesError("The files of this page could not be loaded.", { cause: error });
  }
}

/** A tab loads the pages anew by itself at most this often, in milliseconds. */
const SELDOM = 60_000;
const LAST = "scope-loaded-anew";

/** What is known about why files could not be loaded: there are newer ones; none at all; or they should be there. */
export type Reason = "newer" | "away" | "unknown";

/** Asks whether there is a newer version of the pages than this one. */
export async function reason(): Promise<Reason> {
  try {
    const answer = await fetch("./", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) {
      return "away";
    }
    return sameVersion(await answer.text()) ? "unknown" : "newer";
  } catch {
    return "away";
  }
}

/** Whether a page begins with the scripts that this one began with: their names are digests of what is in them. */
function sameVersion(markup: string): boolean {
  const scripts = (of: Document) => [...of.querySelectorAll("script")].map((one) => one.getAttribute("src")).join();
  return scripts(new DOMParser().parseFromString(markup, "text/html")) === scripts(document);
}

/** Loads the pages anew; a sign-in link's secret, which is kept in memory alone, is not lost by it. */
export function loadAnew(): void {
  try {
    sessionStorage.setItem(LAST, String(Date.now()));
  } catch {
    // A browser that keeps nothing loads them anew only when asked to.
  }
  const route = currentRoute();
  if (route.page === "login") {
    history.replaceState(null, "", href(route));
  }
  location.reload();
}

/** Loads the pages anew where there are newer ones: for what they lack besides pages, while nothing typed can be lost. */
export async function loadNewer(): Promise<void> {
  if ((await reason()) === "newer" && mayLoadAnew()) {
    loadAnew();
  }
}

/** Whether the pages may be loaded anew without being asked to: that never goes round in circles. */
export function mayLoadAnew(): boolean {
  try {
    return Date.now() - Number(sessionStorage.getItem(LAST)) > SELDOM;
  } catch {
    return false;
  }
}
