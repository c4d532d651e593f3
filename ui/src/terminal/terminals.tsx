import { lazy, Suspense, useEffect } from "react";
import type { Route } from "../routes";
import { files } from "../version";
import { forgetTerminals, keepTerminals, restoreTerminals, useTerminals } from "./sessions";

const Dock = lazy(() => files(() => import("./dock")));

/** The terminals of who is signed in: they stay while one goes from page to page, and are seen at the map. */
export function Terminals({ person, route }: { person: string; route: Route }) {
  const { sessions, current } = useTerminals();
  const only = route.page === "terminal" ? route.pipe : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: which page the window began with is what counts
  useEffect(() => {
    restoreTerminals(person, only);
    const leaving = () => keepTerminals(person);
    addEventListener("pagehide", leaving);
    return () => {
      removeEventListener("pagehide", leaving);
      forgetTerminals();
    };
  }, [person]);
  return (
    sessions.length > 0 &&
    !only && (
      <Suspense>
        <Dock sessions={sessions} current={current} org={route.page === "map" ? route.org : ""} person={person} />
      </Suspense>
    )
  );
}
