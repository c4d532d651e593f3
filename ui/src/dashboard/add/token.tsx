import { type FormEvent, useState } from "react";
import { useAction } from "../../api/action";
import { call } from "../../api/call";
import { Button } from "../../parts/button";
import { Field } from "../../parts/field";
import { Notice, Problem } from "../../parts/notice";
import styles from "./add.module.css";

interface Props {
  org: string;
  /** The secret, once there is one. It is kept by the page alone, and gone with it. */
  token: string;
  onMade: (token: string) => void;
}

/** Makes a token for probes of the organization. */
export function Token({ org, token, onMade }: Props) {
  const [name, setName] = useState(() => `probe of ${new Date().toISOString().slice(0, 10)}`);
  const { run, busy, errors, problem } = useAction(
    () =>
      call("POST /api/users/tokens", {
        org,
        body: { name: name.trim(), kind: "probe" },
      }),
    {
      fields: ["name"],
      said: () => "The token is made, and stands in the commands below",
      done: (answer) => onMade(answer.token),
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run();
  };
  if (token) {
    return (
      <Notice kind="good" title="The token is made">
        <p>It stands in the commands below and is shown this once. It serves as many machines as you like.</p>
      </Notice>
    );
  }
  return (
    <form className={styles.token} onSubmit={submit}>
      <Field
        label="Name of the token"
        error={errors.name}
        hint="By it the organization's settings list the token, to replace or revoke it. One that you have already does too."
      >
        {(field) => (
          <input {...field} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <Button type="submit" look="main" busy={busy}>
        Make a token
      </Button>
      {problem && <Problem error={problem} />}
    </form>
  );
}
