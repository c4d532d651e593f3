import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import type { ManagedOrganization } from "../api/types";
import { Confirm } from "../parts/confirm";
import form from "../parts/form.module.css";
import { keys } from "./reads";
import { ReasonField } from "./reason-field";

/** Refuses an organization's members or its probes, for a reason that they hear; or no longer. */
export function RefusalForm({ organization, onClose }: { organization: ManagedOrganization; onClose: () => void }) {
  const [{ access, upload, reason }, setRefusal] = useState(organization.refusal);
  const refused = access || upload;
  const body = { access, upload, reason: refused ? reason : "" };
  const save = useAction(
    () => call("PUT /api/users/admin/orgs/{id}/refusal", { path: { id: organization.id }, body }),
    {
      refresh: [keys.everything],
      fields: ["refusal.reason"],
      said: () => `What ${organization.name} is refused is saved`,
      done: onClose,
    },
  );
  return (
    <Confirm
      title={`What ${organization.name} is refused`}
      label="Save"
      danger={refused}
      action={save}
      onConfirm={() => save.run()}
      onClose={onClose}
    >
      <fieldset className={form.choices}>
        <legend>Refused within seconds, until this is taken back</legend>
        <label>
          <input type="checkbox" checked={access} onChange={() => setRefusal({ access: !access, upload, reason })} />
          its members: nobody sees or changes anything
        </label>
        <label>
          <input type="checkbox" checked={upload} onChange={() => setRefusal({ access, upload: !upload, reason })} />
          its probes: nothing more is reported
        </label>
      </fieldset>
      {refused && (
        <ReasonField
          value={reason}
          hint="Whoever is refused reads it."
          error={save.errors["refusal.reason"]}
          onChange={(changed) => setRefusal({ access, upload, reason: changed })}
        />
      )}
    </Confirm>
  );
}
