import { useQuery } from "@tanstack/react-query";
import { call } from "../api/call";
import { personOf, useMe } from "../api/session";
import { ButtonLink } from "../parts/button";
import { Loaded } from "../parts/loaded";
import { Notice } from "../parts/notice";
import { Page } from "../parts/page";
import { href, mapOf } from "../routes";
import { endWords } from "./end-words";
import { NO_END } from "./pipe";
import { useTerminals } from "./sessions";
import { Terminal, titleOf } from "./terminal";
import styles from "./terminal.module.css";

interface Props {
  org: string;
  pipe: string;
}

/** A terminal in a window of its own. */
export default function TerminalPage({ org, pipe }: Props) {
  const me = useMe();
  const session = useTerminals().sessions.find((one) => one.pipe === pipe);
  return (
    <Page name="terminal" title={session ? titleOf(session) : "Terminal"} wide>
      {session && me ? (
        <div className={styles.alone}>
          <Terminal
            session={session}
            person={personOf(me)}
            alone
            onLeave={() => document.getElementById("main")?.focus()}
          />
        </div>
      ) : (
        <Unknown org={org} pipe={pipe} />
      )}
    </Page>
  );
}

/** A pipe that this window knows by its address alone: whoever took it over would not know what was shown. */
function Unknown({ org, pipe }: Props) {
  const read = useQuery({
    queryKey: ["pipe", org, pipe],
    queryFn: ({ signal }) => call("GET /api/pipe/{id}/check", { org, path: { id: pipe }, signal }),
  });
  return (
    <Loaded read={read} what="Looking for the terminal">
      {({ nodeId, control, endedAt, end }) => (
        <Notice title={`${nodeId} · ${control}`}>
          <p>{endedAt ? endWords({ ...NO_END, ...end }) : "It goes on in the window where it was opened."}</p>
          <ButtonLink href={href(mapOf(org))}>To the map</ButtonLink>
        </Notice>
      )}
    </Loaded>
  );
}
