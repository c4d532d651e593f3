import type { ReactNode } from "react";
import type { NodeDetails } from "../api/types";
import { fullName, singular } from "../map/topologies";
import { Button } from "../parts/button";
import { CopyButton } from "../parts/copy-button";
import { Tag } from "../parts/tag";
import { href, mapOf, type OpenNode } from "../routes";
import styles from "./panel.module.css";
import { usePlace } from "./place";
import { Shape } from "./shape";

/** The rows that say in what state a node is. */
const STATES = new Set(["docker_container_state_human", "kubernetes_state"]);

/** What of a node its title shows. */
export type Titled = Pick<NodeDetails, "label" | "labelMinor" | "shape" | "rank" | "pseudo" | "quiet" | "metadata">;

interface Props {
  open: OpenNode;
  node: Titled;
  titleId: string;
  onClose: () => void;
  /** What else is said, and what can be done. */
  children?: ReactNode;
}

/** What node this is, where it belongs, and ways from here. */
export function Header({ open, node, titleId, onClose, children }: Props) {
  const { topologies } = usePlace();
  const state = node.metadata.find(({ id }) => STATES.has(id))?.value;
  return (
    <header className={styles.header}>
      <div className={styles.title}>
        <Shape node={node} />
        <div>
          <p className={styles.kind}>{node.pseudo ? "Not reported by a probe" : singular(topologies, open.topology)}</p>
          <h2 id={titleId} title={node.label}>
            {node.label || open.id}
          </h2>
          {node.labelMinor && <p className={styles.minor}>{node.labelMinor}</p>}
        </div>
        <Button look="plain" aria-label="Close" title="Close (Esc)" onClick={onClose}>
          ✕
        </Button>
      </div>
      {(state || node.quiet) && (
        <p className={styles.tags}>
          {state && <Tag>{state}</Tag>}
          {node.quiet && <Tag kind="warn">Not heard of lately: it may be gone</Tag>}
        </p>
      )}
      {children}
      <Ways open={open} />
    </header>
  );
}

/** To the node on its own map, and to take elsewhere. */
function Ways({ open }: { open: OpenNode }) {
  const { route, topologies } = usePlace();
  const { org, options, at } = route;
  const alone = href(mapOf(org, open.topology, { options, at, open: [open] }));
  return (
    <p className={styles.ways}>
      {open.topology !== route.topology && <a href={alone}>Show in {fullName(topologies, open.topology)}</a>}
      <CopyButton text={new URL(alone, location.href).href} label="Copy link" />
      <CopyButton text={open.id} label="Copy id" />
    </p>
  );
}
