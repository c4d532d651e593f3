import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import type { Person } from "../api/types";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";
import { keys } from "./reads";

/** Disables a person, for a reason. */
export function Disable({ person, onClose }: { person: Person; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const disable = useAction(
    () => call("POST /api/users/admin/users/{id}/disable", { path: { id: person.id }, body: { reason } }),
    {
      refresh: [keys.everything],
      fields: ["reason"],
      said: () => `${person.email} is disabled`,
      done: onClose,
    },
  );
  return (
    <Confirm
      title={`Disable ${person.email}?`}
      label="Disable"
      danger
      action={disable}
      onConfirm={() => disable.run()}
      onClose={onClose}
    >
      <p>
        They are signed out everywhere within seconds, and their tokens are worth nothing until they are enabled again.
      </p>
      <Field label="Reason" hint="For other administrators." error={disable.errors.reason}>
        {(input) => (
          <input
            {...input}
            value={reason}
            maxLength={500}
            required
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </Confirm>
  );
}
