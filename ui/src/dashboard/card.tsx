import { useId, useRef } from "react";
import { may } from "../api/session";
import type { Membership } from "../api/types";
import { ButtonLink } from "../parts/button";
import { counted, duration } from "../parts/format";
import { href, mapOf } from "../routes";
import styles from "./card.module.css";
import { useOnScreen } from "./on-screen";
import { useNewest, useProbes } from "./probes";
import { type Heard, QUIET_MS, stateOf } from "./state";

/** How often a card is brought up to date. */
const EVERY_MS = 10_000;

/** An organization: how its probes are doing, what needs attention, and the ways on. Only what is seen is asked for. */
export function Card({ membership, only }: { membership: Membership; only: boolean }) {
  const { id, name, role } = membership;
  const box = useRef<HTMLElement>(null);
  const title = useId();
  const seen = useOnScreen(box);
  const { data, error } = useProbes(id, { interval: EVERY_MS, wanted: seen });
  const newest = useNewest(id, seen && data?.probes.length === 0);
  const manages = may(membership, "token.manage");
  return (
    <article ref={box} className={styles.card} aria-labelledby={title}>
      <header>
        <h2 id={title}>{name}</h2>
        <p className={styles.quiet}>
          {name === id ? "" : `${id} · `}your role: {role}
        </p>
      </header>
      <div className={styles.state}>
        {error ? <Unknown error={error} /> : <State heard={data && { ...data, newest }} manages={manages} />}
      </div>
      <footer>
        <ButtonLink href={href(mapOf(id))} aria-label={`Map of ${name}`}>
          Map
        </ButtonLink>
        {manages && (
          <ButtonLink
            href={href({ page: "add-probe", org: id })}
            look={only && data?.probes.length === 0 ? "main" : "usual"}
            aria-label={`Add a probe to ${name}`}
          >
            Add a probe
          </ButtonLink>
        )}
        {may(membership, "member.view") && (
          <ButtonLink href={href({ page: "settings", org: id, section: "general" })} aria-label={`Settings of ${name}`}>
            Settings
          </ButtonLink>
        )}
      </footer>
    </article>
  );
}

function Unknown({ error }: { error: Error }) {
  return (
    <>
      <p className={styles.bad}>How it is cannot be said just now</p>
      <p className={styles.quiet}>{error.message}</p>
    </>
  );
}

function State({ heard, manages }: { heard: Heard | undefined; manages: boolean }) {
  if (!heard) {
    return <p className={styles.quiet}>Asking …</p>;
  }
  const { probes, hosts, lastSeen, attention } = stateOf(heard);
  if (probes === 0 && !lastSeen) {
    return (
      <>
        <p className={styles.none}>No probe reports</p>
        <p className={styles.quiet}>
          {manages
            ? "Add one on each machine that is to be seen."
            : "An administrator of the organization can add one."}
        </p>
      </>
    );
  }
  return (
    <>
      <p className={attention.length > 0 ? styles.warn : styles.good}>
        {probes === 0 ? "No probe reports any more" : `${counted(probes, "probe")} on ${counted(hosts, "host")}`}
      </p>
      <p className={styles.quiet}>{reported(heard.now - Date.parse(lastSeen))}</p>
      {attention.length > 0 && (
        <ul className={styles.attention}>
          {attention.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function reported(ago: number): string {
  return ago > QUIET_MS ? `last report ${duration(ago / 1000)} ago` : "reporting now";
}
