import type { ComponentType } from "react";
import { useMe } from "../api/session";
import { Notice } from "../parts/notice";
import { Page } from "../parts/page";
import { Sections } from "../parts/sections";
import { href } from "../routes";
import { DeploymentAudit } from "./audit";
import { Organizations } from "./organizations";
import { People } from "./people";
import { Tools } from "./tools";

interface Section {
  id: string;
  title: string;
  show: ComponentType;
}

const SECTIONS: readonly Section[] = [
  { id: "people", title: "People", show: People },
  { id: "organizations", title: "Organizations", show: Organizations },
  { id: "audit", title: "Audit", show: DeploymentAudit },
  { id: "tools", title: "Tools", show: Tools },
];

const LINKS = SECTIONS.map(({ id, title }) => ({ id, title, href: href({ page: "admin", section: id }) }));

/** What administrators of the deployment see and do. */
export default function Administration({ section }: { section: string }) {
  const me = useMe();
  const shown = SECTIONS.find((one) => one.id === section);
  return (
    <Page name="admin" title={`${shown?.title ?? "Administration"} · Administration`}>
      <h1>Administration</h1>
      {me?.admin ? (
        <Sections label="Administration" links={LINKS} current={section}>
          {shown ? <shown.show /> : <Notice title="There is no such section">Choose one of those listed.</Notice>}
        </Sections>
      ) : (
        <Notice title="Only administrators of this deployment see this">
          {me?.impersonator
            ? "You act as somebody else: end that first."
            : "Another administrator can make you one, or whoever runs the deployment."}
        </Notice>
      )}
    </Page>
  );
}
