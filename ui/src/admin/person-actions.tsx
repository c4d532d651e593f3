import { useState } from "react";
import { useAction } from "../api/action";
import { call } from "../api/call";
import type { Person } from "../api/types";
import { Button } from "../parts/button";
import { Confirm } from "../parts/confirm";
import { Problem } from "../parts/notice";
import { Disable } from "./disable";
import { Impersonate } from "./impersonate";
import { keys } from "./reads";

interface Props {
  person: Person;
}

/** What an administrator may do about somebody else. */
export function PersonActions({ person }: Props) {
  const [open, setOpen] = useState<"" | "admin" | "disable" | "act">("");
  const close = () => setOpen("");
  const button = (what: typeof open, label: string) => (
    <Button look="plain" onClick={() => setOpen(what)} aria-label={`${label}: ${person.email}`}>
      {label}
    </Button>
  );
  return (
    <span>
      {!person.approved && <Approve person={person} />}
      {mayActAs(person) && button("act", "Act as")}
      {button("admin", person.admin ? "No longer administrator" : "Make administrator")}
      {person.disabled ? <Enable person={person} /> : button("disable", "Disable")}
      {open === "admin" && <SetAdministrator person={person} onClose={close} />}
      {open === "disable" && <Disable person={person} onClose={close} />}
      {open === "act" && <Impersonate person={person} onClose={close} />}
    </span>
  );
}

/** Nobody acts as an administrator, or as somebody who may not sign in. */
function mayActAs({ admin, approved, disabled }: Person): boolean {
  return !admin && Boolean(approved) && !disabled;
}

function Approve({ person }: Props) {
  const approve = useAction(
    () => call("POST /api/users/admin/users/{id}/approve", { path: { id: person.id }, body: {} }),
    {
      refresh: [keys.everything],
      said: () => `${person.email} is approved, and a mail is on its way`,
    },
  );
  return (
    <>
      <Button look="main" busy={approve.busy} onClick={() => approve.run()} aria-label={`Approve: ${person.email}`}>
        Approve
      </Button>
      {approve.problem && <Problem error={approve.problem} />}
    </>
  );
}

function Enable({ person }: Props) {
  const enable = useAction(
    () => call("POST /api/users/admin/users/{id}/enable", { path: { id: person.id }, body: {} }),
    {
      refresh: [keys.everything],
      said: () => `${person.email} may sign in again`,
    },
  );
  return (
    <>
      <Button look="plain" busy={enable.busy} onClick={() => enable.run()} aria-label={`Enable: ${person.email}`}>
        Enable
      </Button>
      {enable.problem && <Problem error={enable.problem} />}
    </>
  );
}

function SetAdministrator({ person, onClose }: Props & { onClose: () => void }) {
  const admin = !person.admin;
  const change = useAction(
    () => call("PUT /api/users/admin/users/{id}/admin", { path: { id: person.id }, body: { admin } }),
    {
      refresh: [keys.everything],
      said: () => (admin ? `${person.email} is an administrator` : `${person.email} is no longer an administrator`),
      done: onClose,
    },
  );
  return (
    <Confirm
      title={admin ? `Make ${person.email} an administrator?` : `Take administration from ${person.email}?`}
      label={admin ? "Make administrator" : "No longer administrator"}
      danger={!admin}
      action={change}
      onConfirm={() => change.run()}
      onClose={onClose}
    >
      <p>
        {admin
          ? "They may do all that you may here: approve and disable people, limit and refuse organizations, act as others. Who waits is approved by it."
          : "What they have open of the administration ends within seconds. They keep their account and their organizations."}
      </p>
    </Confirm>
  );
}
