import { type FormEvent, useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { useMe } from "../api/session";
import type { Invitation, Membership } from "../api/types";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import form from "../parts/form.module.css";
import { Loaded } from "../parts/loaded";
import { Notice, Problem } from "../parts/notice";
import { Section } from "../parts/sections";
import { type Column, Table } from "../parts/table";
import { Time } from "../parts/time";
import { keys, useInvitations } from "./reads";
import { RoleSelect, RolesExplained } from "./roles";

/** Who is invited to an organization, and a way to invite more. */
export function Invitations({ membership }: { membership: Membership }) {
  const invitations = useInvitations(membership.id);
  const acting = useMe()?.impersonator;
  return (
    <>
      <Section
        title="Invite somebody"
        about="They get a mail and have 7 days to accept, signed in with that address. It need not be known here."
      >
        {acting ? (
          <Notice>You act as somebody else, in whose name nobody is invited.</Notice>
        ) : (
          <Invite membership={membership} />
        )}
        <RolesExplained />
      </Section>
      <Section title="Open invitations">
        <Loaded read={invitations}>
          {(all) =>
            all.length > 0 ? (
              <Table
                label="Open invitations"
                rows={all}
                rowKey={(one) => one.id}
                columns={columnsFor(membership, !acting)}
              />
            ) : (
              <p className={form.quiet}>Nobody is invited who has not answered.</p>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

/** Sends an invitation; one that is open is sent once more, and the newer role counts. */
function useInvite(org: string, done?: (words: string) => void) {
  const words = (invitation: Invitation | undefined, email: string) =>
    invitation ? `A mail is on its way to ${email}` : `${email} is a member already`;
  return useAction(
    async (body: { email: string; role: string }) =>
      (await call("POST /api/users/org/invitations", { org, body })).invitation,
    {
      refresh: [keys.organization(org)],
      fields: ["email", "role"],
      said: (invitation, { email }) => words(invitation, email),
      done: (invitation, { email }) => done?.(words(invitation, email)),
    },
  );
}

function Invite({ membership: { id: org, role: own } }: { membership: Membership }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("viewer");
  const [sent, setSent] = useState("");
  const invite = useInvite(org, (words) => {
    setSent(words);
    setEmail("");
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent("");
    invite.run({ email: email.trim(), role });
  };
  return (
    <form className={form.form} onSubmit={submit} noValidate>
      <div className={form.row}>
        <Field label="Address" error={invite.errors.email}>
          {(input) => (
            <input
              {...input}
              type="email"
              value={email}
              autoComplete="off"
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role" error={invite.errors.role}>
          {(input) => <RoleSelect value={role} own={own} onChange={setRole} input={input} />}
        </Field>
        <Button type="submit" look="main" busy={invite.busy}>
          Invite
        </Button>
      </div>
      {invite.problem && <Problem error={invite.problem} />}
      {sent && <Notice kind="good">{sent}.</Notice>}
    </form>
  );
}

function columnsFor({ id: org }: Membership, mayInvite: boolean): Column<Invitation>[] {
  return [
    {
      title: "Address",
      names: true,
      cell: ({ email, invitedBy }) => (
        <>
          {email}
          <div className={`${form.quiet} ${form.small}`}>by {invitedBy || "somebody who left"}</div>
        </>
      ),
    },
    { title: "Role", cell: ({ role }) => role },
    { title: "Sent", cell: ({ created }) => <Time at={created} /> },
    { title: "Ends", cell: ({ expires }) => <Time at={expires} /> },
    {
      title: "Actions",
      actions: true,
      cell: (one) => <InvitationActions invitation={one} org={org} mayInvite={mayInvite} />,
    },
  ];
}

interface ActionsProps {
  invitation: Invitation;
  org: string;
  mayInvite: boolean;
}

function InvitationActions({ invitation: { id, email, role }, org, mayInvite }: ActionsProps) {
  const again = useInvite(org);
  const revoke = useAction(() => call("DELETE /api/users/org/invitations/{id}", { org, path: { id } }), {
    refresh: [keys.organization(org)],
    said: () => `The invitation of ${email} is taken back`,
  });
  const problem = again.problem ?? revoke.problem;
  return (
    <>
      <span>
        {mayInvite && (
          <Button
            look="plain"
            busy={again.busy}
            onClick={() => again.run({ email, role })}
            aria-label={`Send again: the mail to ${email}`}
          >
            Send again
          </Button>
        )}
        <Button
          look="plain"
          busy={revoke.busy}
          onClick={() => revoke.run()}
          aria-label={`Take back the invitation of ${email}`}
        >
          Take back
        </Button>
      </span>
      {problem && <Problem error={problem} />}
    </>
  );
}
