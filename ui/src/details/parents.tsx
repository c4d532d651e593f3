import type { NodeDetails } from "../api/types";
import { singular } from "../map/topologies";
import { NodeLink } from "./node-link";
import styles from "./panel.module.css";
import { usePlace } from "./place";

/** What a node belongs to. */
export function Parents({ parents }: { parents: NodeDetails["parents"] }) {
  const { topologies } = usePlace();
  return (
    parents.length > 0 && (
      <ul className={styles.parents} aria-label="Belongs to">
        {parents.map(({ id, label, topologyId }) => (
          <li key={`${topologyId}:${id}`}>
            <span className={styles.kind}>{singular(topologies, topologyId)}</span>{" "}
            <NodeLink topology={topologyId} id={id}>
              {label}
            </NodeLink>
          </li>
        ))}
      </ul>
    )
  );
}
