import { type FormEvent, useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { ME, may, useMe } from "../api/session";
import type { Membership } from "../api/types";
import { Button } from "../parts/button";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";
import form from "../parts/form.module.css";
import { Loaded } from "../parts/loaded";
import { Problem } from "../parts/notice";
import { Section } from "../parts/sections";
import { Time } from "../parts/time";
import { go } from "../use-route";
import { DeleteOrganization } from "./delete-organization";
import styles from "./general.module.css";
import { keys, useOrganization } from "./reads";

/** What an organization is called, and the ways out of it. */
export function General({ membership }: { membership: Membership }) {
  const organization = useOrganization(membership.id);
  // Leaving and deleting take a session of one's own.
  const own = !useMe()?.impersonator;
  return (
    <>
      <Section title="General">
        <Loaded read={organization}>
          {({ id, created }) => (
            <dl className={styles.facts}>
              <dt>Id</dt>
              <dd>
                <code>{id}</code>
                <span className={form.quiet}> · in addresses and requests; it never changes</span>
              </dd>
              <dt>Made</dt>
              <dd>
                <Time at={created} />
              </dd>
              <dt>Your role</dt>
              <dd>{membership.role}</dd>
            </dl>
          )}
        </Loaded>
        {may(membership, "organization.update") && <Name membership={membership} />}
      </Section>
      {own && <Leave org={membership.id} name={membership.name} />}
      {own && may(membership, "organization.delete") && (
        <DeleteOrganization org={membership.id} name={membership.name} />
      )}
    </>
  );
}

function Name({ membership: { id: org, name } }: { membership: Membership }) {
  const [text, setText] = useState(name);
  const rename = useAction((changed: string) => call("PUT /api/users/org", { org, body: { name: changed } }), {
    refresh: [ME, keys.organization(org)],
    fields: ["name"],
    said: () => "The name is saved",
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.run(text.trim());
  };
  return (
    <form className={`${form.form} ${form.narrow}`} onSubmit={submit}>
      <div className={form.row}>
        <Field label="Name" error={rename.errors.name}>
          {(input) => (
            <input {...input} value={text} maxLength={100} required onChange={(event) => setText(event.target.value)} />
          )}
        </Field>
        <Button type="submit" busy={rename.busy} disabled={text.trim() === name}>
          Save
        </Button>
      </div>
      {rename.problem && <Problem error={rename.problem} />}
    </form>
  );
}

function Leave({ org, name }: { org: string; name: string }) {
  const [asked, setAsked] = useState(false);
  const leave = useAction(() => call("POST /api/users/org/leave", { org, body: {} }), {
    refresh: [ME],
    said: () => `You left ${name}`,
    done: () => go({ page: "dashboard" }),
  });
  return (
    <Section title="Leave" about="You no longer see its map, and your API tokens for it are revoked.">
      <div>
        <Button onClick={() => setAsked(true)}>Leave …</Button>
      </div>
      {asked && (
        <Confirm
          title={`Leave ${name}?`}
          label="Leave"
          danger
          action={leave}
          onConfirm={() => leave.run()}
          onClose={() => setAsked(false)}
        >
          <p>What you have open of it ends within seconds. To come back, you need an invitation.</p>
        </Confirm>
      )}
    </Section>
  );
}
