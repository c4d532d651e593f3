import { useQueryClient } from "@tanstack/react-query";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { signedOut, useMe } from "../api/session";
import type { Me, Membership } from "../api/types";
import { Button } from "../parts/button";
import form from "../parts/form.module.css";
import { Notice, Problem } from "../parts/notice";
import { Page } from "../parts/page";
import { Section } from "../parts/sections";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tag";
import { href, mapOf } from "../routes";
import { go } from "../use-route";
import { Sessions } from "./sessions";

/** The own account: address, organizations, and where one is signed in. */
export default function Account() {
  const me = useMe();
  return (
    <Page name="account" title="Account">
      <h1>Account</h1>
      {me && <Parts me={me} />}
    </Page>
  );
}

function Parts({ me }: { me: Me }) {
  return (
    <>
      <Section title="You">
        <p>
          <strong>{me.email}</strong> {me.admin && <Tag>administers this deployment</Tag>}
        </p>
        <SignOut />
      </Section>
      <Section title="Your organizations" about="API tokens belong to an organization: make and revoke them there.">
        {me.organizations.length > 0 ? (
          <Table label="Your organizations" rows={me.organizations} rowKey={({ id }) => id} columns={COLUMNS} />
        ) : (
          <p className={form.quiet}>
            You belong to none. <a href={href({ page: "dashboard" })}>Make one or accept an invitation</a>.
          </p>
        )}
      </Section>
      <Section title="Where you are signed in">
        {me.impersonator ? <Notice>You act as somebody else, whose sessions are not shown.</Notice> : <Sessions />}
      </Section>
    </>
  );
}

const COLUMNS: readonly Column<Membership>[] = [
  { title: "Name", names: true, cell: ({ id, name }) => <a href={href(mapOf(id))}>{name}</a> },
  { title: "Id", cell: ({ id }) => <code>{id}</code> },
  { title: "Your role", cell: ({ role }) => role },
  {
    title: "Settings",
    actions: true,
    cell: ({ id, name }) => (
      <span>
        <a href={href({ page: "settings", org: id, section: "tokens" })} aria-label={`Tokens of ${name}`}>
          Tokens
        </a>
        <a href={href({ page: "settings", org: id, section: "general" })} aria-label={`Settings of ${name}`}>
          Settings
        </a>
      </span>
    ),
  },
];

function SignOut() {
  const client = useQueryClient();
  const leave = useAction(() => call("POST /api/users/logout", { body: {} }), {
    done: () => {
      go({ page: "front" });
      signedOut(client);
    },
  });
  return (
    <>
      <div>
        <Button busy={leave.busy} onClick={() => leave.run()}>
          Sign out
        </Button>
      </div>
      {leave.problem && <Problem error={leave.problem} />}
    </>
  );
}
