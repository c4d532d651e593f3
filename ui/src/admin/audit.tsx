import { useState } from "react";
import { call } from "../api/call";
import { Section } from "../parts/sections";
import { EventList, useEvents } from "../settings/audit/event-list";
import { FilterForm } from "../settings/audit/filter-form";
import { NO_FILTERS, queryOf } from "../settings/audit/filters";
import { keys } from "./reads";

/** Who did what in the deployment, and what was refused. */
export function DeploymentAudit() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const query = queryOf(filters);
  const events = useEvents([...keys.audit, query], (pageToken) =>
    call("GET /api/users/admin/audit", { query: { ...query, pageToken } }),
  );
  return (
    <Section
      title="Audit"
      about={
        <>
          Who did what in the deployment, and what was refused. All of it is exported by{" "}
          <code>scope-users audit export</code>.
        </>
      }
    >
      <FilterForm errors={events.errors} onFilter={setFilters} organizations />
      <EventList events={events} organizations />
    </Section>
  );
}
