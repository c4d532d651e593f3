import { type FormEvent, useEffect, useState } from "react";
import { useAction } from "../api/action";
import { CallError, call } from "../api/call";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import { Notice, Problem } from "../parts/notice";
import styles from "./ask.module.css";

/** How long a mail may take before another is offered. */
const PATIENCE_MS = 30_000;

/** Asks for a sign-in link in one field, which is signing up too, and then says what happens next. */
export function Ask() {
  const [sent, setSent] = useState("");
  const [mails, setMails] = useState(0);
  const [email, setEmail] = useState("");
  const onSent = (answer: { email: string }) => {
    setSent(answer.email);
    setMails(mails + 1);
  };
  const { run, busy, errors, problem, reset } = useAction(
    (to: string) => call("POST /api/users/signup", { body: { email: to } }),
    { fields: ["email"], said: (answer) => onItsWay(answer.email), done: onSent },
  );
  const again = () => {
    setSent("");
    reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(email.trim());
  };
  if (sent) {
    return <Sent email={sent} mails={mails} busy={busy} problem={problem} onResend={() => run(sent)} onOther={again} />;
  }
  return (
    <form className={styles.ask} onSubmit={submit}>
      <Field label="Your e-mail address" error={errors.email} hint="New or known here: a link comes by mail.">
        {(field) => (
          <input
            {...field}
            type="email"
            name="email"
            autoComplete="email"
            placeholder="you@example.org"
            required
            maxLength={254}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" look="main" busy={busy}>
        Send me a link
      </Button>
      <Refused problem={problem} />
    </form>
  );
}

interface SentProps {
  email: string;
  /** How many were sent. */
  mails: number;
  busy: boolean;
  problem: Error | null;
  onResend: () => void;
  onOther: () => void;
}

function Sent({ email, mails, busy, problem, onResend, onOther }: SentProps) {
  const late = useLate(mails);
  return (
    <div className={styles.sent}>
      <Notice kind="good" title={onItsWay(email)}>
        <p>Open the link in it. It signs you in once, within 10 minutes.</p>
      </Notice>
      <Refused problem={problem} />
      <div className={styles.buttons}>
        <Button busy={busy} disabled={!late} onClick={onResend}>
          {late ? "Send another" : "Send another, in half a minute"}
        </Button>
        <Button look="plain" onClick={onOther}>
          Another address
        </Button>
      </div>
      <details className={styles.help}>
        <summary>What if none comes?</summary>
        <ul>
          <li>Look among what your mail program takes for spam.</li>
          <li>Is the address right? Every address gets the same answer here, whether it is known or not.</li>
          <li>Where an administrator approves new accounts, the mail says so, and the link comes with the approval.</li>
          <li>
            Where you run the service yourself: <code>make login</code> prints a link, and without a mail server each
            mail is a file in <code>.scope/mail</code>.
          </li>
        </ul>
      </details>
    </div>
  );
}

/** Why no mail was sent; where it was asked for too often, the service says when it may be again. */
function Refused({ problem }: { problem: Error | null }) {
  if (problem instanceof CallError && problem.reason === "RATE_EXCEEDED") {
    return (
      <Notice kind="warn" title="No further mail just now">
        <p>The service says: {problem.message}.</p>
      </Notice>
    );
  }
  return problem && <Problem error={problem} />;
}

/** Whether somebody has waited for the newest of so many mails for a while. */
function useLate(mails: number): boolean {
  const [late, setLate] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setLate(mails), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [mails]);
  return late === mails;
}

function onItsWay(email: string): string {
  return `A mail to ${email} is on its way.`;
}
