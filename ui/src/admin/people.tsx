import { type FormEvent, useState } from "react";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import form from "../parts/form.module.css";
import { counted } from "../parts/format";
import { Loaded } from "../parts/loaded";
import { More } from "../parts/more";
import { Section } from "../parts/sections";
import { PeopleTable } from "./people-table";
import { type PeopleWanted, usePeople } from "./reads";

/** Who waits for approval, and everybody else. */
export function People() {
  return (
    <>
      <Waiting />
      <Everybody />
    </>
  );
}

function Waiting() {
  const people = usePeople({ search: "", approved: "false" });
  return (
    <Section title="Waiting for approval" about="Whoever is approved gets a mail with a sign-in link.">
      <Loaded read={people}>
        {(pages) => {
          const rows = pages.flatMap((page) => page.people);
          return rows.length > 0 ? (
            <PeopleTable label="Waiting for approval" people={rows} />
          ) : (
            <p className={form.quiet}>Nobody waits.</p>
          );
        }}
      </Loaded>
      <More pages={people} />
    </Section>
  );
}

const ALL: PeopleWanted = { search: "", approved: "" };

function Everybody() {
  const [wanted, setWanted] = useState(ALL);
  const people = usePeople(wanted);
  return (
    <Section title="People">
      <Search onSearch={setWanted} />
      <Loaded read={people}>
        {(pages) => {
          const rows = pages.flatMap((page) => page.people);
          return (
            <div aria-busy={people.busy} className={form.form}>
              <p className={form.quiet} role="status">
                {counted(pages[0]?.total ?? 0, "person", "people")}
              </p>
              {rows.length > 0 && <PeopleTable label="People" people={rows} />}
            </div>
          );
        }}
      </Loaded>
      <More pages={people} />
    </Section>
  );
}

function Search({ onSearch }: { onSearch: (wanted: PeopleWanted) => void }) {
  const [wanted, setWanted] = useState(ALL);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch({ ...wanted, search: wanted.search.trim() });
  };
  return (
    <form className={form.row} onSubmit={submit} aria-label="Search people">
      <Field label="A part of the address">
        {(input) => (
          <input
            {...input}
            type="search"
            value={wanted.search}
            maxLength={254}
            onChange={(event) => setWanted({ ...wanted, search: event.target.value })}
          />
        )}
      </Field>
      <Field label="Which">
        {(input) => (
          <select
            {...input}
            value={wanted.approved}
            onChange={(event) => setWanted({ ...wanted, approved: approvedOf(event.target.value) })}
          >
            <option value="">Everybody</option>
            <option value="true">Approved</option>
            <option value="false">Waiting</option>
          </select>
        )}
      </Field>
      <Button type="submit">Search</Button>
    </form>
  );
}

function approvedOf(value: string): PeopleWanted["approved"] {
  return value === "true" || value === "false" ? value : "";
}
