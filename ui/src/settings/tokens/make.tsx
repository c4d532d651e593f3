import { type FormEvent, useState } from "react";
import { useAction } from "../../api/action";
import { call } from "../../api/call";
import type { Membership } from "../../api/types";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Field } from "../../parts/field";
import form from "../../parts/form.module.css";
import { Problem } from "../../parts/notice";
import { keys } from "../reads";
import { endOf, LIVES, lifeWords, USUAL } from "./expiry";
import { Narrowed } from "./narrowed";
import { Secret } from "./secret";

interface Props {
  kind: "api" | "probe";
  membership: Membership;
  onClose: () => void;
}

/** Makes a token and shows its secret once. */
export function MakeToken({ kind, membership, onClose }: Props) {
  const [secret, setSecret] = useState("");
  const title = kind === "probe" ? "A new probe token" : "A new API token";
  return (
    <Dialog title={title} onClose={onClose}>
      {secret ? (
        <Secret secret={secret} onClose={onClose} />
      ) : (
        <MakeForm kind={kind} membership={membership} onClose={onClose} onMade={setSecret} />
      )}
    </Dialog>
  );
}

function MakeForm({ kind, membership, onClose, onMade }: Props & { onMade: (secret: string) => void }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState(USUAL[kind]);
  const [permissions, setPermissions] = useState<readonly string[] | null>(null);
  const org = membership.id;
  const make = useAction(
    () =>
      call("POST /api/users/tokens", {
        org,
        body: { name, kind, permissions: permissions ?? [], expires: endOf(days, Date.now()) },
      }),
    {
      refresh: [keys.organization(org)],
      fields: ["name", "expires"],
      said: () => "The token is made and shown once",
      done: ({ token }) => onMade(token),
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.run();
  };
  return (
    <form className={form.form} onSubmit={submit}>
      <Field label="Name" hint={HINTS[kind]} error={make.errors.name}>
        {(input) => (
          <input
            {...input}
            value={name}
            maxLength={100}
            required
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label="Ends" error={make.errors.expires}>
        {(input) => (
          <select {...input} value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {LIVES[kind].map((life) => (
              <option key={life} value={life}>
                {lifeWords(life)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {kind === "api" && <Narrowed offered={membership.permissions} chosen={permissions} onChange={setPermissions} />}
      {make.problem && <Problem error={make.problem} />}
      <div className={form.buttons}>
        <Button type="submit" look="main" busy={make.busy} disabled={permissions?.length === 0}>
          Make the token
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}

const HINTS = {
  probe: "Where it is used: a cluster, a site.",
  api: "What uses it: a script, a dashboard.",
} as const;
