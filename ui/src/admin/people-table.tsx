import { useMe } from "../api/session";
import type { Person } from "../api/types";
import form from "../parts/form.module.css";
import { type Column, Table } from "../parts/table";
import { Tag } from "../parts/tag";
import { Time } from "../parts/time";
import { PersonActions } from "./person-actions";

/** People with what can be done about each. */
export function PeopleTable({ label, people }: { label: string; people: readonly Person[] }) {
  const me = useMe();
  const columns: Column<Person>[] = [
    { title: "Person", names: true, cell: (person) => <Who person={person} self={person.id === me?.id} /> },
    { title: "Last signed in", cell: ({ lastLogin }) => <Time at={lastLogin} /> },
    { title: "Actions", actions: true, cell: (person) => person.id !== me?.id && <PersonActions person={person} /> },
  ];
  return <Table label={label} rows={people} rowKey={(person) => person.id} columns={columns} />;
}

function Who({ person, self }: { person: Person; self: boolean }) {
  return (
    <>
      {person.email} {self && <Tag>you</Tag>} {person.admin && <Tag>administrator</Tag>}{" "}
      {!person.approved && <Tag kind="warn">waits</Tag>} {person.disabled && <Tag kind="bad">disabled</Tag>}
      {person.disabledReason && <div className={`${form.quiet} ${form.small}`}>Disabled: {person.disabledReason}</div>}
      <div className={`${form.quiet} ${form.small}`}>
        Signed up <Time at={person.created} />
      </div>
      {person.organizations.length > 0 && (
        <div className={`${form.quiet} ${form.small}`}>
          {person.organizations.map(({ name, role }) => `${name} (${role})`).join(", ")}
        </div>
      )}
    </>
  );
}
