import { type ReactNode, useState } from "react";
import type { Token } from "../../api/types";
import { Button } from "../../parts/button";
import form from "../../parts/form.module.css";
import { type Column, Table } from "../../parts/table";
import { Tag } from "../../parts/tag";
import { Time } from "../../parts/time";
import { permissionWords } from "../permissions";
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

/** Something that is about to be done with a token. */
interface Asked {
  what: "rotate" | "revoke";
  token: Token;
}

/** Tokens of one kind, without their secrets. */
export function TokenList({ org, label, tokens, mayRotate, none }: Props) {
  // Kept here and not with the token's row, which goes when its token does: a new secret must stay to be copied.
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const columns: Column<Token>[] = [
    { title: "Name", names: true, cell: (token) => <Name token={token} /> },
    { title: "Last used", cell: ({ lastUsed }) => <Time at={lastUsed} /> },
    { title: "Made", cell: ({ created }) => <Time at={created} /> },
    { title: "Ends", cell: ({ expires }) => <Time at={expires} /> },
    {
      title: "Actions",
      actions: true,
      cell: (token) => <Actions token={token} mayRotate={mayRotate} onAsk={setAsked} />,
    },
  ];
  return (
    <>
      {tokens.length > 0 ? (
        <Table label={label} rows={tokens} rowKey={(token) => token.id} columns={columns} />
      ) : (
        <p className={form.quiet}>{none}</p>
      )}
      {asked?.what === "rotate" && <RotateToken org={org} token={asked.token} onClose={close} />}
      {asked?.what === "revoke" && <RevokeToken org={org} token={asked.token} onClose={close} />}
    </>
  );
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

interface ActionsProps {
  token: Token;
  mayRotate: boolean;
  onAsk: (asked: Asked) => void;
}

function Actions({ token, mayRotate, onAsk }: ActionsProps) {
  const which = token.replacedBy ? `the old secret of ${token.name}` : token.name;
  return (
    <span>
      {mayRotate && !token.replacedBy && (
        <Button look="plain" onClick={() => onAsk({ what: "rotate", token })} aria-label={`Rotate ${which}`}>
          Rotate
        </Button>
      )}
      <Button look="plain" onClick={() => onAsk({ what: "revoke", token })} aria-label={`Revoke ${which}`}>
        Revoke
      </Button>
    </span>
  );
}
