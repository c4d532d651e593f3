import { useState } from "react";
import { may, useMe } from "../api/session";
import type { Membership } from "../api/types";
import { Button } from "../parts/button";
import { Loaded } from "../parts/loaded";
import { Notice } from "../parts/notice";
import { Section } from "../parts/sections";
import { href } from "../routes";
import { useTokens } from "./reads";
import { TokenList } from "./tokens/list";
import { MakeToken } from "./tokens/make";

/** The probe tokens of an organization, and the caller's API tokens for it. */
export function Tokens({ membership }: { membership: Membership }) {
  return (
    <>
      {may(membership, "token.manage") && <ProbeTokens membership={membership} />}
      <ApiTokens membership={membership} />
    </>
  );
}

function ProbeTokens({ membership }: { membership: Membership }) {
  const tokens = useTokens(membership.id);
  return (
    <Section
      title="Probe tokens"
      about={
        <>
          Probes report to this organization with them.{" "}
          <a href={href({ page: "add-probe", org: membership.id })}>Add a probe</a> has commands with one filled in.
        </>
      }
    >
      <Loaded read={tokens}>
        {(all) => (
          <TokenList
            org={membership.id}
            label="Probe tokens"
            tokens={all.filter((token) => token.kind === "probe")}
            mayRotate
            none="There is none: no probe can report."
          />
        )}
      </Loaded>
      <Make kind="probe" label="Make a probe token" membership={membership} />
    </Section>
  );
}

function ApiTokens({ membership }: { membership: Membership }) {
  const tokens = useTokens(membership.id);
  const acting = Boolean(useMe()?.impersonator);
  return (
    <Section
      title="Your API tokens"
      about="Programs act as you in this organization with them, and never do more than you may."
    >
      <Loaded read={tokens}>
        {(all) => (
          <TokenList
            org={membership.id}
            label="Your API tokens"
            tokens={all.filter((token) => token.kind === "api")}
            mayRotate={!acting}
            none="You have none here."
          />
        )}
      </Loaded>
      {acting ? (
        <Notice>You act as somebody else, in whose name no API tokens are made.</Notice>
      ) : (
        <Make kind="api" label="Make an API token" membership={membership} />
      )}
    </Section>
  );
}

function Make({ kind, label, membership }: { kind: "api" | "probe"; label: string; membership: Membership }) {
  const [open, setOpen] = useState(false);
  return (
    <div>
      <Button onClick={() => setOpen(true)}>{label} …</Button>
      {open && <MakeToken kind={kind} membership={membership} onClose={() => setOpen(false)} />}
    </div>
  );
}
