import { useState } from "react";
import { call, linkTo } from "../../api/call";
import type { Membership } from "../../api/types";
import { Section } from "../../parts/sections";
import { keys } from "../reads";
import { EventList, useEvents } from "./event-list";
import { FilterForm } from "./filter-form";
import { NO_FILTERS, queryOf } from "./filters";

/** Who did what in an organization, and what was refused. */
export function AuditSection({ membership: { id: org } }: { membership: Membership }) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const query = queryOf(filters);
  const events = useEvents([...keys.audit(org), query], (pageToken) =>
    call("GET /api/users/org/audit", { org, query: { ...query, pageToken } }),
  );
  return (
    <Section
      title="Audit"
      about={
        <>
          Who did what here, and what was refused. Nothing of it can be changed.{" "}
          <a href={linkTo("GET /api/users/org/audit/export", { org, query })} download={`audit-${org}.jsonl`}>
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
