import type { QueryKey } from "@tanstack/react-query";
import { split } from "../../api/action";
import { type Pages, usePages } from "../../api/pages";
import type { AuditEvent } from "../../api/types";
import form from "../../parts/form.module.css";
import { moment } from "../../parts/format";
import { Loaded } from "../../parts/loaded";
import { More } from "../../parts/more";
import { type Column, Table } from "../../parts/table";
import { Tag } from "../../parts/tag";
import styles from "./event-list.module.css";
import { refusedWords, told } from "./words";

interface EventPage {
  events: AuditEvent[];
  nextPageToken: string;
}

const FIELDS = ["actor", "subject", "after", "before", "organization"];

export interface Events extends Pages<EventPage> {
  /** What is wrong with what was asked for, by field. */
  errors: Readonly<Record<string, string>>;
}

/** Events, the newest first. */
export function useEvents(key: QueryKey, read: (pageToken: string) => Promise<EventPage>): Events {
  const pages = usePages(key, read);
  const { errors, problem } = split(pages.error, FIELDS);
  return { ...pages, error: problem, errors };
}

/** Who did what, with all that is known of it on demand. */
export function EventList({ events, organizations = false }: { events: Events; organizations?: boolean }) {
  if (Object.keys(events.errors).length > 0) {
    return null;
  }
  return (
    <div aria-busy={events.busy}>
      <Loaded read={events}>
        {(pages) => {
          const rows = pages.flatMap((page) => page.events);
          return rows.length > 0 ? (
            <Table
              label="Events, the newest first"
              rows={rows}
              rowKey={(event) => event.id}
              columns={organizations ? [...COLUMNS, ORGANIZATION] : COLUMNS}
            />
          ) : (
            <p className={form.quiet}>Nothing of that kind was recorded.</p>
          );
        }}
      </Loaded>
      <More pages={events} label="Show older" />
    </div>
  );
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  {
    title: "When",
    cell: ({ time }) => <time dateTime={time}>{moment(time)}</time>,
  },
  { title: "What", names: true, cell: (event) => <What event={event} /> },
];

const ORGANIZATION: Column<AuditEvent> = { title: "Organization", cell: ({ organization }) => organization || "–" };

function What({ event }: { event: AuditEvent }) {
  const refused = refusedWords(event);
  return (
    <div className={styles.what}>
      <span>{told(event)}</span>
      {refused && (
        <span>
          <Tag kind="bad">{refused}</Tag>
        </span>
      )}
      <details>
        <summary>All of it{event.address && ` · from ${event.address}`}</summary>
        <pre>{JSON.stringify(event, null, 2)}</pre>
      </details>
    </div>
  );
}
