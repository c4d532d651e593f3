import type { ComponentType } from "react";
import { may, useMembership } from "../api/session";
import type { Membership } from "../api/types";
import { Notice } from "../parts/notice";
import { Page } from "../parts/page";
import { Sections } from "../parts/sections";
import { Stranger } from "../parts/stranger";
import { href } from "../routes";
import { AuditSection } from "./audit/audit-section";
import { Forbidden } from "./forbidden";
import { General } from "./general";
import { Invitations } from "./invitations";
import { Members } from "./members";
import { Tokens } from "./tokens";

interface Section {
  id: string;
  title: string;
  /** What it takes to see it. */
  permission: string;
  show: ComponentType<{ membership: Membership }>;
}

const SECTIONS: readonly Section[] = [
  { id: "general", title: "General", permission: "member.view", show: General },
  { id: "members", title: "Members", permission: "member.view", show: Members },
  { id: "invitations", title: "Invitations", permission: "member.invite", show: Invitations },
  { id: "tokens", title: "Tokens", permission: "token.own", show: Tokens },
  { id: "audit", title: "Audit", permission: "audit.view", show: AuditSection },
];

/** The settings of an organization: the sections that the caller may see. */
export default function Settings({ org, section }: { org: string; section: string }) {
  const membership = useMembership(org);
  const shown = SECTIONS.find((one) => one.id === section);
  return (
    <Page name="settings" title={`${shown?.title ?? "Settings"} · ${membership?.name ?? org}`}>
      <h1>Settings{membership && ` of ${membership.name}`}</h1>
      {membership ? <Allowed membership={membership} shown={shown} /> : <Stranger org={org} />}
    </Page>
  );
}

function Allowed({ membership, shown }: { membership: Membership; shown: Section | undefined }) {
  const org = membership.id;
  const links = SECTIONS.filter(({ permission }) => may(membership, permission)).map(({ id, title }) => ({
    id,
    title,
    href: href({ page: "settings", org, section: id }),
  }));
  return (
    <Sections label="Settings" links={links} current={shown?.id ?? ""}>
      <Content membership={membership} shown={shown} />
    </Sections>
  );
}

function Content({ membership, shown }: { membership: Membership; shown: Section | undefined }) {
  if (!shown) {
    return <Notice title="There is no such section">Choose one of those listed.</Notice>;
  }
  if (!may(membership, shown.permission)) {
    return <Forbidden org={membership.id} permission={shown.permission} />;
  }
  return <shown.show membership={membership} />;
}
