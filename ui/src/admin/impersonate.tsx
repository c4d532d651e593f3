import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { becameSomebodyElse } from "../api/session";
import type { Person } from "../api/types";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";
import { go } from "../use-route";
import { ReasonField } from "./reason-field";

const TIMES: readonly { seconds: number; words: string }[] = [
  { seconds: 900, words: "15 minutes" },
  { seconds: 3_600, words: "One hour" },
  { seconds: 14_400, words: "4 hours" },
  { seconds: 28_800, words: "8 hours" },
];

/** Makes the caller's session a person's for a while. */
export function Impersonate({ person, onClose }: { person: Person; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [seconds, setSeconds] = useState(900);
  const client = useQueryClient();
  const act = useAction(
    async () => {
      await call("POST /api/users/admin/users/{id}/impersonate", {
        path: { id: person.id },
        body: { reason, seconds },
      });
      await becameSomebodyElse(client);
    },
    {
      fields: ["reason", "seconds"],
      said: () => `You act as ${person.email}`,
      done: () => go({ page: "dashboard" }),
    },
  );
  return (
    <Confirm
      title={`Act as ${person.email}?`}
      label="Act as them"
      action={act}
      onConfirm={() => act.run()}
      onClose={onClose}
    >
      <p>
        Your session becomes theirs for a while, in all tabs of this browser: you see what they see and may what they
        may, and administer nothing meanwhile. All that you do is recorded with both names, and the audit of each of
        their organizations says that you did, and why.
      </p>
      <ReasonField
        value={reason}
        hint="Their organizations' administrators read it."
        error={act.errors.reason}
        onChange={setReason}
        required
      />
      <Field label="For" error={act.errors.seconds}>
        {(input) => (
          <select {...input} value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
            {TIMES.map((time) => (
              <option key={time.seconds} value={time.seconds}>
                {time.words}
              </option>
            ))}
          </select>
        )}
      </Field>
    </Confirm>
  );
}
