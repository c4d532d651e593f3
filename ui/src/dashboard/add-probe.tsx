import { useState } from "react";
import { may, useMembership } from "../api/session";
import { Notice } from "../parts/notice";
import { Page } from "../parts/page";
import { Stranger } from "../parts/stranger";
import { href } from "../routes";
import { Arrivals } from "./add/arrivals";
import { Token } from "./add/token";
import { Ways } from "./add/ways";

/** From a token to the first report of a new machine. */
export default function AddProbe({ org }: { org: string }) {
  const membership = useMembership(org);
  const [token, setToken] = useState("");
  if (!membership) {
    return (
      <Page name="add-probe" title="Add a probe">
        <h1>Add a probe</h1>
        <Stranger org={org} />
      </Page>
    );
  }
  return (
    <Page name="add-probe" title={`Add a probe to ${membership.name}`}>
      <h1>Add a probe to {membership.name}</h1>
      {may(membership, "token.manage") ? (
        <>
          <p>A probe is a small program that reports what runs on its machine. It needs a token of the organization.</p>
          <Token org={org} token={token} onMade={setToken} />
          <Ways token={token} />
        </>
      ) : (
        <Notice title="Tokens for probes are for administrators">
          <p>
            Your role here is {membership.role}. Ask an administrator of {membership.name} for a token, or to start the
            probe: the members are in its <a href={href({ page: "settings", org, section: "members" })}>settings</a>.
          </p>
        </Notice>
      )}
      {may(membership, "report.view") && <Arrivals org={org} />}
    </Page>
  );
}
