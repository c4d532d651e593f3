import { type FormEvent, useState } from "react";
import { Button } from "../parts/button";
import { Field } from "../parts/field";
import form from "../parts/form.module.css";
import { counted } from "../parts/format";
import { Loaded } from "../parts/loaded";
import { More } from "../parts/more";
import { Section } from "../parts/sections";
import { href } from "../routes";
import { OrganizationTable } from "./organization-table";
import { useManaged } from "./reads";

/** The organizations of the deployment. */
export function Organizations() {
  const [{ search, deleted }, setWanted] = useState({ search: "", deleted: false });
  const organizations = useManaged(search, deleted);
  return (
    <Section
      title="Organizations"
      about={
        <>
          An administrator sees no reports by that: to see an organization's map,{" "}
          <a href={href({ page: "admin", section: "people" })}>act as one of its members</a>.
        </>
      }
    >
      <Search onSearch={(text, too) => setWanted({ search: text, deleted: too })} />
      <Loaded read={organizations}>
        {(pages) => {
          const rows = pages.flatMap((page) => page.organizations);
          return (
            <div aria-busy={organizations.busy} className={form.form}>
              <p className={form.quiet} role="status">
                {counted(pages[0]?.total ?? 0, "organization")}
              </p>
              {rows.length > 0 && <OrganizationTable organizations={rows} />}
            </div>
          );
        }}
      </Loaded>
      <More pages={organizations} />
    </Section>
  );
}

function Search({ onSearch }: { onSearch: (text: string, deleted: boolean) => void }) {
  const [text, setText] = useState("");
  const [deleted, setDeleted] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim(), deleted);
  };
  return (
    <form className={form.row} onSubmit={submit} aria-label="Search organizations">
      <Field label="A part of the id or the name">
        {(input) => (
          <input
            {...input}
            type="search"
            value={text}
            maxLength={100}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <Field label="Which">
        {(input) => (
          <select {...input} value={String(deleted)} onChange={(event) => setDeleted(event.target.value === "true")}>
            <option value="false">Those that are there</option>
            <option value="true">Deleted ones too</option>
          </select>
        )}
      </Field>
      <Button type="submit">Search</Button>
    </form>
  );
}
