import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import { ME } from "../api/session";
import { Button } from "../parts/button";
import { Confirm } from "../parts/confirm";
import { Field } from "../parts/field";
import { Section } from "../parts/sections";
import { go } from "../use-route";

/** Deletes an organization for everybody, once its id was typed. */
export function DeleteOrganization({ org, name }: { org: string; name: string }) {
  const [asked, setAsked] = useState(false);
  const [typed, setTyped] = useState("");
  const remove = useAction((confirm: string) => call("DELETE /api/users/org", { org, query: { confirm } }), {
    refresh: [ME],
    fields: ["confirm"],
    said: () => `${name} is deleted`,
    done: () => go({ page: "dashboard" }),
  });
  return (
    <Section title="Delete" about="The organization goes for all its members, with its tokens and what it reported.">
      <div>
        <Button look="danger" onClick={() => setAsked(true)}>
          Delete the organization …
        </Button>
      </div>
      {asked && (
        <Confirm
          title={`Delete ${name}?`}
          label="Delete for everybody"
          danger
          ready={typed === org}
          action={remove}
          onConfirm={() => remove.run(typed)}
          onClose={() => setAsked(false)}
        >
          <p>
            Within seconds nobody sees it and its probes are refused. Later everything it reported is erased. Its id is
            never given again. None of this can be undone here.
          </p>
          <Field label={`Type its id, ${org}, to go on`} error={remove.errors.confirm}>
            {(input) => (
              <input
                {...input}
                autoComplete="off"
                autoCapitalize="off"
                spellCheck={false}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
        </Confirm>
      )}
    </Section>
  );
}
