import { useSyncExternalStore } from "react";
import { href, parse, type Route } from "./routes";

let fragment = "";
let route: Route = { page: "front" };

/** The route that the address asks for; the same object until that changes. */
export function currentRoute(): Route {
  if (location.hash !== fragment) {
    route = parse(location.hash);
    if (route.page === "login") {
      // The secret of a link is kept here alone, neither in the address bar nor in the history.
      history.replaceState(null, "", href({ page: "login", token: "" }));
    }
    fragment = location.hash;
  }
  return route;
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

/** The route that the address asks for. */
export function useRoute(): Route {
  return useSyncExternalStore(subscribe, currentRoute);
}

/** Shows another route; with `replace` the way back does not lead to this one. */
export function go(to: Route, { replace = false } = {}): void {
  if (!replace) {
    location.hash = href(to);
    return;
  }
  history.replaceState(null, "", href(to));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
