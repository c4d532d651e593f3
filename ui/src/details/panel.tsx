import { type Ref, useId } from "react";
import { CallError } from "../api/call";
import { may, useMembership } from "../api/session";
import type { NodeDetails } from "../api/types";
import { Controls } from "../controls/controls";
import type { View } from "../live/view";
import { Loading, Notice, Problem } from "../parts/notice";
import { Time } from "../parts/time";
import type { OpenNode } from "../routes";
import { Children } from "./children";
import { Connections } from "./connections";
import { Header, type Titled } from "./header";
import { Metrics } from "./metrics";
import styles from "./panel.module.css";
import { Parents } from "./parents";
import { usePlace } from "./place";
import { Rows } from "./rows";
import { Tables } from "./tables";
import { useNode } from "./use-node";

const NOT_FOUND = 404;

interface Props {
  ref: Ref<HTMLElement>;
  open: OpenNode;
  view: View;
  paused: boolean;
  onClose: () => void;
  /** It was removed, and this is what it was called. */
  onRemoved: (label: string) => void;
}

/** The details of one node. */
export function Panel({ ref, open, view, paused, onClose, onRemoved }: Props) {
  const { route } = usePlace();
  const titleId = useId();
  const { data, error, dataUpdatedAt, isPlaceholderData, refetch } = useNode(open, route, view, paused);
  const gone = error instanceof CallError && error.status === NOT_FOUND;
  const title: Titled = data ?? view.nodes.get(open.id) ?? { ...UNKNOWN, label: open.id };
  return (
    <section
      ref={ref}
      tabIndex={-1}
      aria-labelledby={titleId}
      aria-busy={isPlaceholderData || undefined}
      className={styles.panel}
      data-past={(data && gone) || undefined}
    >
      <Header open={open} node={title} titleId={titleId} onClose={onClose}>
        {data && <Parents parents={data.parents} />}
        {data && !gone && !route.at && <Controls org={route.org} node={data} onRemoved={() => onRemoved(data.label)} />}
      </Header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <div className={styles.body} tabIndex={0}>
        {gone && <Gone known={data ? dataUpdatedAt : 0} at={route.at} />}
        {error && !gone && <Problem error={error} onRetry={() => void refetch()} />}
        {data ? <Body node={data} view={view} /> : !error && <Loading />}
      </div>
    </section>
  );
}

const UNKNOWN = { labelMinor: "", shape: "circle", rank: "", pseudo: false, quiet: false, metadata: [] };

/** A node that was, or never was; `known` is when it was last read, 0 for never. */
function Gone({ known, at }: { known: number; at: string }) {
  if (known) {
    return (
      <Notice kind="warn" title="It is not there any more">
        <p>
          This is what was known of it <Time at={new Date(known).toISOString()} />.
        </p>
      </Notice>
    );
  }
  return (
    <Notice kind="warn" title={at ? "It was not there at that moment" : "It is not there"}>
      <p>{at ? "Look at another moment, or at now." : "It may have ended. Once it is reported again it shows here."}</p>
    </Notice>
  );
}

function Body({ node, view }: { node: NodeDetails; view: View }) {
  return (
    <>
      <Metrics id={node.id} metrics={node.metrics} view={view} />
      <Rows rows={node.metadata} />
      <Connections groups={node.connections} />
      <Children groups={node.children} />
      <Tables tables={node.tables} />
      <LeftOut node={node} />
    </>
  );
}

/** What is not shown, and why. */
function LeftOut({ node: { pseudo, children } }: { node: NodeDetails }) {
  const { route } = usePlace();
  const membership = useMembership(route.org);
  if (pseudo) {
    return (
      children.length === 0 && (
        <p className={styles.words}>No probe reports it: all that is known of it are its connections.</p>
      )
    );
  }
  return (
    membership &&
    !may(membership, "report.sensitive.view") && (
      <p className={styles.words}>
        Arguments of commands and environment variables are not shown: your role, {membership.role}, does not include
        them.
      </p>
    )
  );
}
