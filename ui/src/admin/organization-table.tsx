import { useState } from "react";
import type { ManagedOrganization } from "../api/types";
import { Button } from "../parts/button";
import form from "../parts/form.module.css";
import { countText } from "../parts/format";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tag";
import { Time } from "../parts/time";
import { limitsWords } from "./limits";
import { LimitsForm } from "./limits-form";
import { RefusalForm } from "./refusal-form";

/** Organizations with what can be done about each. */
export function OrganizationTable({ organizations }: { organizations: readonly ManagedOrganization[] }) {
  return <Table label="Organizations" rows={organizations} rowKey={(one) => one.internalId} columns={COLUMNS} />;
}

const COLUMNS: readonly Column<ManagedOrganization>[] = [
  { title: "Organization", names: true, cell: (one) => <Which organization={one} /> },
  { title: "Members", cell: ({ members }) => countText(members) },
  { title: "Probe tokens", cell: ({ probeTokens }) => countText(probeTokens) },
  { title: "Last report", cell: ({ lastReport }) => <Time at={lastReport} /> },
  { title: "Made", cell: ({ created }) => <Time at={created} /> },
  { title: "Actions", actions: true, cell: (one) => !one.deleted && <Actions organization={one} /> },
];

function Which({
  organization: { id, name, limits, refusal, deleted, purged },
}: {
  organization: ManagedOrganization;
}) {
  const own = limitsWords(limits);
  return (
    <>
      {name} {deleted && <Tag kind="bad">deleted</Tag>} {purged && <Tag>erased</Tag>}{" "}
      {refusal.access && <Tag kind="bad">members refused</Tag>} {refusal.upload && <Tag kind="bad">probes refused</Tag>}
      <div className={`${form.quiet} ${form.small}`}>
        <code>{id}</code>
        {own && ` · ${own}`}
      </div>
      {refusal.reason && <div className={`${form.quiet} ${form.small}`}>Refused: {refusal.reason}</div>}
    </>
  );
}

function Actions({ organization }: { organization: ManagedOrganization }) {
  const [open, setOpen] = useState<"" | "limits" | "refusal">("");
  const close = () => setOpen("");
  return (
    <span>
      <Button look="plain" onClick={() => setOpen("limits")} aria-label={`Limits of ${organization.name}`}>
        Limits
      </Button>
      <Button look="plain" onClick={() => setOpen("refusal")} aria-label={`Refuse ${organization.name}`}>
        Refuse
      </Button>
      {open === "limits" && <LimitsForm organization={organization} onClose={close} />}
      {open === "refusal" && <RefusalForm organization={organization} onClose={close} />}
    </span>
  );
}
