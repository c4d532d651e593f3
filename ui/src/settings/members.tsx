import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { may } from "../api/session";
import type { Member, Membership } from "../api/types";
import { Button } from "../parts/button";
import { Confirm } from "../parts/confirm";
import { Loaded } from "../parts/loaded";
import { More } from "../parts/more";
import { Section } from "../parts/sections";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tag";
import { Time } from "../parts/time";
import { explained } from "./permissions";
import { keys, useMembers, useRoles } from "./reads";
import { RoleSelect, RolesExplained } from "./roles";

/** Who belongs to an organization, as what. */
export function Members({ membership }: { membership: Membership }) {
  const members = useMembers(membership.id);
  const about = may(membership, "member.update")
    ? "Nobody changes their own role; another administrator can. An organization keeps one administrator at least."
    : "An administrator of the organization changes roles.";
  return (
    <Section title="Members" about={about}>
      <Loaded read={members}>
        {(pages) => (
          <Table
            label="Members"
            rows={pages.flatMap((page) => page.members)}
            rowKey={(member) => member.id}
            columns={columnsFor(membership)}
          />
        )}
      </Loaded>
      <More pages={members} />
      <RolesExplained />
    </Section>
  );
}

function columnsFor(membership: Membership): Column<Member>[] {
  const columns: Column<Member>[] = [
    {
      title: "Address",
      names: true,
      cell: (member) => (
        <>
          {member.email} {member.self && <Tag>you</Tag>}
        </>
      ),
    },
    { title: "Role", cell: (member) => <RoleOf member={member} membership={membership} /> },
    { title: "Member since", cell: (member) => <Time at={member.joined} /> },
    { title: "Last signed in", cell: (member) => <Time at={member.lastLogin} /> },
  ];
  if (may(membership, "member.remove")) {
    columns.push({
      title: "Actions",
      actions: true,
      cell: (member) => !member.self && <Remove member={member} membership={membership} />,
    });
  }
  return columns;
}

interface MemberProps {
  member: Member;
  membership: Membership;
}

function RoleOf({ member, membership }: MemberProps) {
  const [wanted, setWanted] = useState("");
  if (member.self || !may(membership, "member.update")) {
    return member.role;
  }
  return (
    <>
      <RoleSelect
        value={member.role}
        own={membership.role}
        onChange={setWanted}
        input={{ "aria-label": `Role of ${member.email}` }}
      />
      {wanted && <ChangeRole member={member} membership={membership} role={wanted} onClose={() => setWanted("")} />}
    </>
  );
}

function ChangeRole({
  member,
  membership: { id: org },
  role,
  onClose,
}: MemberProps & { role: string; onClose: () => void }) {
  const roles = useRoles().data ?? [];
  const change = useAction(
    () => call("PUT /api/users/org/members/{id}", { org, path: { id: member.id }, body: { role } }),
    {
      refresh: [keys.organization(org)],
      said: () => `${member.email} is ${role} now`,
      done: onClose,
    },
  );
  const words = explained(roles).find((one) => one.id === role);
  return (
    <Confirm
      title={`Make ${member.email} ${role}?`}
      label={`Make ${role}`}
      action={change}
      onConfirm={() => change.run()}
      onClose={onClose}
    >
      <p>
        They are {member.role} now.
        {words && ` As ${role} they may ${words.more && `do all that ${words.more} may, and `}${words.may.join(", ")}.`}
      </p>
    </Confirm>
  );
}

function Remove({ member, membership: { id: org } }: MemberProps) {
  const [asked, setAsked] = useState(false);
  const remove = useAction(() => call("DELETE /api/users/org/members/{id}", { org, path: { id: member.id } }), {
    refresh: [keys.organization(org)],
    said: () => `${member.email} is no longer a member`,
  });
  return (
    <>
      <Button look="plain" onClick={() => setAsked(true)} aria-label={`Remove ${member.email}`}>
        Remove
      </Button>
      {asked && (
        <Confirm
          title={`Remove ${member.email}?`}
          label="Remove"
          danger
          action={remove}
          onConfirm={() => remove.run()}
          onClose={() => setAsked(false)}
        >
          <p>What they have open of the organization ends within seconds, and their API tokens for it are revoked.</p>
        </Confirm>
      )}
    </>
  );
}
