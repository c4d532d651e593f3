import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useAction } from "../api/action";
import { CallError, call } from "../api/call";
import { ME } from "../api/session";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import { Problem } from "../parts/notice";
import { go } from "../use-route";
import styles from "./dashboard.module.css";

/** Makes an organization and goes on to its first probe. */
export function Create() {
  const [name, setName] = useState("");
  const [typed, setTyped] = useState<string>();
  const id = useOffered(typed);
  const { run, busy, errors, problem } = useAction(
    () => call("POST /api/users/orgs", { body: { id, name: name.trim() } }),
    {
      fields: ["id", "name"],
      refresh: [ME],
      said: ({ organization }) => `${organization.name} is made`,
      done: ({ organization }) => go({ page: "add-probe", org: organization.id }),
    },
  );
  const taken = problem instanceof CallError && problem.reason === "ALREADY_EXISTS" ? problem.message : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run();
  };
  return (
    <form className={styles.create} onSubmit={submit}>
      <Field label="Name" error={errors.name} hint="What people call it. It can be changed later.">
        {(field) => <input {...field} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field
        label="Id"
        error={errors.id ?? taken}
        hint="What addresses and programs call it, for ever. Letters, digits, - and _; without one, it is made up."
      >
        {(field) => (
          <input
            {...field}
            maxLength={63}
            pattern="[A-Za-z0-9][A-Za-z0-9_\-]*"
            autoCapitalize="none"
            spellCheck={false}
            value={id}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      {problem && !taken && <Problem error={problem} />}
      <Button type="submit" look="main" busy={busy}>
        Create the organization
      </Button>
    </form>
  );
}

/** What was typed, else an id that nobody has; without one the service makes one up. */
function useOffered(typed: string | undefined): string {
  const { data } = useQuery({
    queryKey: ["offered-id"],
    queryFn: () => call("GET /api/users/generateOrgID", {}),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return typed ?? data?.id ?? "";
}
