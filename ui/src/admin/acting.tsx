import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { becameSomebodyElse } from "../api/session";
import type { Me } from "../api/types";
import { Button } from "../parts/button";
import { clock, counted } from "../parts/format";
import { useNow } from "../parts/time";
import { go } from "../use-route";
import styles from "./acting.module.css";

/** Says on every page that an administrator acts as somebody, until when, and ends it. */
export function Acting({ me }: { me: Me }) {
  const client = useQueryClient();
  const { email, impersonator, impersonationEnds = "" } = me;
  useEndOf(impersonationEnds);
  const end = useAction(
    async () => {
      await call("POST /api/users/impersonation/end", { body: {} });
      await becameSomebodyElse(client);
    },
    { said: () => `You are ${impersonator} again`, done: () => go({ page: "admin", section: "people" }) },
  );
  return (
    <aside aria-label="Acting as somebody else" className={styles.acting}>
      <span>
        {impersonator}, you act as <strong>{email}</strong> <Until ends={impersonationEnds} />.
      </span>
      <Button busy={end.busy} onClick={() => end.run()}>
        End
      </Button>
      {end.problem && <span role="alert">{end.problem.message}</span>}
    </aside>
  );
}

function Until({ ends }: { ends: string }) {
  const minutes = Math.round((Date.parse(ends) - useNow()) / 60_000);
  return (
    <>
      until <time dateTime={ends}>{clock(ends).slice(0, 5)}</time>
      {minutes > 0 && ` (${counted(minutes, "minute")} left)`}
    </>
  );
}

/** Reads who is signed in once more when the time is over: the session is the administrator's own again. */
function useEndOf(ends: string): void {
  const client = useQueryClient();
  useEffect(() => {
    const timer = setTimeout(() => void becameSomebodyElse(client), Math.max(0, Date.parse(ends) - Date.now()) + LATE);
    return () => clearTimeout(timer);
  }, [client, ends]);
}

/** For how long the service may remember who it was, in milliseconds. */
const LATE = 3_000;
