import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import type { Person } from "../api/types";
import { Confirm } from "../parts/confirm";
import { keys } from "./reads";
import { ReasonField } from "./reason-field";

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
      <ReasonField
        value={reason}
        hint="For other administrators."
        error={disable.errors.reason}
        onChange={setReason}
        required
      />
    </Confirm>
  );
}
