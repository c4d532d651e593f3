import { useQuery } from "@tanstack/react-query";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { every } from "../api/polling";
import { ME } from "../api/session";
import type { Invitation } from "../api/types";
import { Button } from "../parts/button";
import { Problem } from "../parts/notice";
import styles from "./dashboard.module.css";

const MINE = ["invitations"] as const;
const EVERY_MS = 10_000;

/** The organizations that somebody may join: nobody is made a member without having said yes. */
export function Invitations() {
  const { data, error, refetch } = useQuery({
    queryKey: MINE,
    queryFn: () => call("GET /api/users/invitations", {}),
    refetchInterval: every(EVERY_MS),
  });
  if (error) {
    return <Problem error={error} onRetry={refetch} />;
  }
  return data?.invitations.map((one) => <Invited key={one.id} invitation={one} />);
}

function Invited({ invitation: { id, organizationName, role, invitedBy } }: { invitation: Invitation }) {
  const answer = (how: "accept" | "decline") =>
    call(`POST /api/users/invitations/{id}/${how}`, { path: { id }, body: {} });
  const refresh = [ME, MINE];
  const accept = useAction(() => answer("accept"), { refresh, said: () => `You are a member of ${organizationName}` });
  const decline = useAction(() => answer("decline"), { refresh, said: () => "The invitation is declined" });
  const problem = accept.problem ?? decline.problem;
  const busy = accept.busy || decline.busy;
  return (
    <section className={styles.invitation} aria-label={`Invitation to ${organizationName}`}>
      <p>
        {invitedBy || "Somebody"} invites you to <strong>{organizationName}</strong>, as {role}.
      </p>
      <div className={styles.buttons}>
        <Button look="main" busy={busy} onClick={() => accept.run()}>
          Join {organizationName}
        </Button>
        <Button busy={busy} onClick={() => decline.run()}>
          Decline
        </Button>
      </div>
      {problem && <Problem error={problem} />}
    </section>
  );
}
