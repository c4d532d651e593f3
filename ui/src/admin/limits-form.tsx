import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import type { ManagedOrganization } from "../api/types";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";
import { limitsOf, typed } from "./limits";
import { keys } from "./reads";

/** Gives an organization bounds of its own. */
export function LimitsForm({ organization, onClose }: { organization: ManagedOrganization; onClose: () => void }) {
  const [limits, setLimits] = useState(() => typed(organization.limits));
  const save = useAction(
    () => call("PUT /api/users/admin/orgs/{id}/limits", { path: { id: organization.id }, body: limitsOf(limits) }),
    {
      refresh: [keys.everything],
      fields: ["limits.probes", "limits.reports_per_second"],
      said: () => `The limits of ${organization.name} are saved`,
      done: onClose,
    },
  );
  return (
    <Confirm
      title={`Limits of ${organization.name}`}
      label="Save"
      action={save}
      onConfirm={() => save.run()}
      onClose={onClose}
    >
      <p>They hold for this organization instead of the deployment's. Empty: the deployment's.</p>
      <Field
        label="Probes that may report"
        hint="The deployment's: 5,000, or what PROBES_PER_ORGANIZATION says."
        error={save.errors["limits.probes"]}
      >
        {(input) => (
          <input
            {...input}
            type="number"
            min={0}
            max={1_000_000}
            value={limits.probes}
            onChange={(event) => setLimits({ ...limits, probes: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Reports a second, to each replica"
        hint="The deployment's: 5,000, or what REPORTS_PER_SECOND_PER_ORGANIZATION says."
        error={save.errors["limits.reports_per_second"]}
      >
        {(input) => (
          <input
            {...input}
            type="number"
            min={1}
            max={1_000_000}
            value={limits.reportsPerSecond}
            onChange={(event) => setLimits({ ...limits, reportsPerSecond: event.target.value })}
          />
        )}
      </Field>
    </Confirm>
  );
}
