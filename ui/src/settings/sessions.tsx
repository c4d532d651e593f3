import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { signedOut } from "../api/session";
import type { Session } from "../api/types";
import { Button } from "../parts/button";
import { Confirm } from "../parts/confirm";
import form from "../parts/form.module.css";
import { Loaded } from "../parts/loaded";
import { Problem } from "../parts/notice";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tag";
import { Time } from "../parts/time";
import { go } from "../use-route";
import { browserWords } from "./browser";

const SESSIONS = ["sessions"] as const;

/** The browsers that one is signed in with, and ways to end that. */
export function Sessions() {
  const sessions = useQuery({
    queryKey: SESSIONS,
    queryFn: async () => (await call("GET /api/users/sessions", {})).sessions,
  });
  return (
    <Loaded read={sessions}>
      {(all) => (
        <>
          <Table label="Where you are signed in" rows={all} rowKey={({ id }) => id} columns={COLUMNS} />
          <div className={form.buttons}>
            {all.length > 1 && <EndOthers count={all.length - 1} />}
            <EndAll />
          </div>
        </>
      )}
    </Loaded>
  );
}

const COLUMNS: readonly Column<Session>[] = [
  {
    title: "Browser",
    names: true,
    cell: ({ userAgent, current }) => (
      <>
        <span title={userAgent}>{browserWords(userAgent)}</span> {current && <Tag>this one</Tag>}
      </>
    ),
  },
  { title: "Address", cell: ({ address }) => address || "unknown" },
  { title: "Signed in", cell: ({ created }) => <Time at={created} /> },
  { title: "Last used", cell: ({ lastUsed, created }) => <Time at={lastUsed ?? created} /> },
  { title: "Ends", cell: ({ expires }) => <Time at={expires} /> },
  { title: "Actions", actions: true, cell: (session) => !session.current && <End session={session} /> },
];

function End({ session: { id, userAgent, address } }: { session: Session }) {
  const end = useAction(() => call("DELETE /api/users/sessions/{id}", { path: { id } }), {
    refresh: [SESSIONS],
    said: () => "The session is ended",
  });
  return (
    <>
      <Button
        look="plain"
        busy={end.busy}
        onClick={() => end.run()}
        aria-label={`End the session of ${browserWords(userAgent)}, ${address}`}
      >
        End
      </Button>
      {end.problem && <Problem error={end.problem} />}
    </>
  );
}

function EndOthers({ count }: { count: number }) {
  const [asked, setAsked] = useState(false);
  const end = useAction(() => call("POST /api/users/logout/all", { body: { keepCurrent: true } }), {
    refresh: [SESSIONS],
    said: () => "All other sessions are ended",
    done: () => setAsked(false),
  });
  return (
    <>
      <Button onClick={() => setAsked(true)}>End all others …</Button>
      {asked && (
        <Confirm
          title="End all other sessions?"
          label="End them"
          danger
          action={end}
          onConfirm={() => end.run()}
          onClose={() => setAsked(false)}
        >
          <p>{count === 1 ? "One other browser is" : `${count} other browsers are`} signed out within seconds.</p>
        </Confirm>
      )}
    </>
  );
}

function EndAll() {
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const end = useAction(() => call("POST /api/users/logout/all", { body: {} }), {
    done: () => {
      go({ page: "front" });
      signedOut(client);
    },
  });
  return (
    <>
      <Button onClick={() => setAsked(true)}>Sign out everywhere …</Button>
      {asked && (
        <Confirm
          title="Sign out everywhere?"
          label="Sign out"
          danger
          action={end}
          onConfirm={() => end.run()}
          onClose={() => setAsked(false)}
        >
          <p>All your browsers are signed out, this one too. API tokens go on working.</p>
        </Confirm>
      )}
    </>
  );
}
