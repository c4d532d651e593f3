import { type ReactNode, useState } from "react";
import { Button } from "../../parts/button";
import form from "../../parts/form.module.css";
import { type Column, Table } from "../../parts/table";
import { Tag } from "../../parts/tag";
import { Time } from "../../parts/time";
import { permissionWords } from "../permissions";
import type { Token } from "../reads";
import { RevokeToken } from "./revoke";
import { RotateToken } from "./rotate";

interface Props {
  org: string;
  label: string;
  tokens: readonly Token[];
  /** Whether the caller may give them new secrets; revoking is always offered. */
  mayRotate: boolean;
  /** What to say where there are none. */
  none: string;
}

/** Tokens of one kind, without their secrets. */
export function TokenList({ org, label, tokens, mayRotate, none }: Props) {
  if (tokens.length === 0) {
    return <p className={form.quiet}>{none}</p>;
  }
  const columns: Column<Token>[] = [
    { title: "Name", names: true, cell: (token) => <Name token={token} /> },
    { title: "Last used", cell: ({ lastUsed }) => <Time at={lastUsed} /> },
    { title: "Made", cell: ({ created }) => <Time at={created} /> },
    { title: "Ends", cell: ({ expires }) => <Time at={expires} /> },
    { title: "Actions", actions: true, cell: (token) => <Actions org={org} token={token} mayRotate={mayRotate} /> },
  ];
  return <Table label={label} rows={tokens} rowKey={(token) => token.id} columns={columns} />;
}

function Name({ token: { name, permissions, replacedBy } }: { token: Token }): ReactNode {
  return (
    <>
      {name} {replacedBy && <Tag kind="warn">old secret</Tag>}
      {permissions.length > 0 && (
        <div className={`${form.quiet} ${form.small}`}>may only {permissions.map(permissionWords).join(", ")}</div>
      )}
    </>
  );
}

function Actions({ org, token, mayRotate }: { org: string; token: Token; mayRotate: boolean }) {
  const [open, setOpen] = useState<"" | "rotate" | "revoke">("");
  const close = () => setOpen("");
  const which = token.replacedBy ? `the old secret of ${token.name}` : token.name;
  return (
    <span>
      {mayRotate && !token.replacedBy && (
        <Button look="plain" onClick={() => setOpen("rotate")} aria-label={`Rotate ${which}`}>
          Rotate
        </Button>
      )}
      <Button look="plain" onClick={() => setOpen("revoke")} aria-label={`Revoke ${which}`}>
        Revoke
      </Button>
      {open === "rotate" && <RotateToken org={org} token={token} onClose={close} />}
      {open === "revoke" && <RevokeToken org={org} token={token} onClose={close} />}
    </span>
  );
}
