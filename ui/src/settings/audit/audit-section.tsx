import { useState } from "react";
import { address, call } from "../../api/call";
import type { Membership } from "../../api/types";
import { Section } from "../../parts/sections";
import { keys } from "../reads";
import { EventList, useEvents } from "./event-list";
import { FilterForm } from "./filter-form";
import { NO_FILTERS, queryOf } from "./filters";

const PATH = "/api/users/org/audit";

/** Who did what in an organization, and what was refused. */
export function AuditSection({ membership: { id: org } }: { membership: Membership }) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const query = queryOf(filters);
  const events = useEvents([...keys.audit(org), query], (pageToken) =>
    call("GET", PATH, { org, query: { ...query, pageToken } }),
  );
  return (
    <Section
      title="Audit"
      about={
        <>
          Who did what here, and what was refused. Nothing of it can be changed.{" "}
          <a href={address(`${PATH}/export`, { org, ...query })} download={`audit-${org}.jsonl`}>
            Export as JSON lines
          </a>
        </>
      }
    >
      <FilterForm errors={events.errors} onFilter={setFilters} />
      <EventList events={events} />
    </Section>
  );
}
