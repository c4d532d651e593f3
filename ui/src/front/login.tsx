import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useAction } from "../api/action";
import { CallError, call } from "../api/call";
import { becameSomebodyElse, useMe } from "../api/session";
import { announce } from "../parts/announce";
import { Button, ButtonLink } from "../parts/button";
import { Notice, Problem } from "../parts/notice";
import { Page } from "../parts/page";
import { href, parse } from "../routes";
import { go } from "../use-route";
import { Ask } from "./ask";
import styles from "./login.module.css";
import { askTabs, tellTabs } from "./tabs";
import { want, wanted } from "./wanted";

/**
 * What a sign-in link leads to. It signs in when asked to and not by itself: any page may lead here with a link of its
 * own, and mail programs open links to look at them.
 */
export default function Login({ token }: { token: string }) {
  return (
    <Page name="login" title="Sign in">
      <div className={styles.card}>{token ? <Link key={token} token={token} /> : <Spent />}</div>
    </Page>
  );
}

function Link({ token }: { token: string }) {
  const client = useQueryClient();
  const me = useMe();
  const there = useWanted();
  const { run, busy, problem } = useAction(() => call("POST /api/users/login", { body: { token } }), {
    said: ({ email }) => `Signed in as ${email}`,
    done: async () => {
      want("");
      tellTabs();
      await becameSomebodyElse(client);
      go(parse(there), { replace: true });
    },
  });
  if (problem instanceof CallError && problem.reason === "LOGIN_LINK_INVALID") {
    return <Spent words={problem.message} />;
  }
  return (
    <>
      <h1>Sign in to Scope</h1>
      <p>This link signs this browser in. Go on if it was you who asked for it.</p>
      {me && (
        <Notice kind="warn" title={`This browser is signed in as ${me.email}`}>
          <p>It will be signed in as the person whom the link was sent to.</p>
        </Notice>
      )}
      {problem && <Problem error={problem} />}
      <div className={styles.buttons}>
        <Button look="main" busy={busy} onClick={() => run()}>
          Sign in
        </Button>
        {me && <ButtonLink href={href({ page: "dashboard" })}>Stay {me.email}</ButtonLink>}
      </div>
    </>
  );
}

/** A link that does not work, or no longer; here is another one to be had. */
function Spent({ words = "" }) {
  const me = useMe();
  useEffect(() => announce("This link does not sign you in"), []);
  return (
    <>
      <h1>This link does not sign you in</h1>
      <p>
        {words
          ? `The service says: ${words}.`
          : "A link works once, within 10 minutes, and as a whole. Here is another."}
      </p>
      {me && (
        <p>
          This browser is signed in as {me.email}. <a href={href({ page: "dashboard" })}>To your organizations</a>
        </p>
      )}
      <Ask />
    </>
  );
}

/** The fragment of where this person was going: here, or in the tab that asked for the link; `#/` where nowhere. */
function useWanted(): string {
  const [there, setThere] = useState(wanted);
  useEffect(() => askTabs((fragment) => setThere((before) => before || fragment)), []);
  return there || "#/";
}
