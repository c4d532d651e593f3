import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ME, useSignedOutWords } from "../api/session";
import { Notice } from "../parts/notice";
import { Page } from "../parts/page";
import { parse } from "../routes";
import { Ask } from "./ask";
import styles from "./front.module.css";
import { Picture } from "./picture";
import { waitElsewhere } from "./tabs";
import { isWorthIt, want } from "./wanted";

/** What this is, and the way in. Whoever wanted to go elsewhere gets there once signed in. */
export default function Front() {
  const client = useQueryClient();
  useEffect(() => waitElsewhere(() => client.invalidateQueries({ queryKey: ME })), [client]);
  useEffect(() => want(location.hash), []);
  return (
    <Page name="front" title="See what runs on your machines">
      <p className={styles.brand}>Scope</p>
      <SignedOut />
      <div className={styles.columns}>
        <section className={styles.words}>
          <h1>See what runs on your machines, live</h1>
          <p className={styles.lead}>
            Hosts, containers and processes on one map, and who talks to whom, as it changes. A small program on each
            machine, the probe, reports what it sees.
          </p>
          <Ask />
        </section>
        <Picture />
      </div>
      <ol className={styles.next}>
        <li>
          <h2>Open the link</h2>
          <p>It comes by mail and signs you in. There is no password to choose or to lose.</p>
        </li>
        <li>
          <h2>Make an organization, or join one</h2>
          <p>What its machines report, its members see, and nobody else.</p>
        </li>
        <li>
          <h2>Start a probe</h2>
          <p>One command on each machine. The map fills in seconds.</p>
        </li>
      </ol>
    </Page>
  );
}

/** Why somebody who was signed in no longer is, or that what they wanted to see is for those who are. */
function SignedOut() {
  const words = useSignedOutWords();
  const deep = isWorthIt(parse(location.hash));
  if (words) {
    return (
      <Notice kind="warn" title="You were signed out">
        <p>Why: {words}.</p>
        {deep && <p>Sign in again, and you are back where you were.</p>}
      </Notice>
    );
  }
  return deep && <Notice title="Sign in to see this page">You get there with the link.</Notice>;
}
