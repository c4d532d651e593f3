import { useQuery } from "@tanstack/react-query";
import { singular } from "../map/topologies";
import { Button } from "../parts/button";
import type { OpenNode } from "../routes";
import styles from "./details.module.css";
import { hrefTo, usePlace } from "./place";
import { keyOf, MOST_OPEN } from "./stack";
import { nodeQuery } from "./use-node";

interface Props {
  /** All that are open, the last on top. */
  open: readonly OpenNode[];
  onClose: (index: number) => void;
}

/** The details below those on top, of which a bar is seen each: a press brings them to the top. */
export function Earlier({ open, onClose }: Props) {
  const first = Math.max(0, open.length - MOST_OPEN);
  const shown = open.slice(first, -1);
  return (
    shown.length > 0 && (
      <ol className={styles.earlier} aria-label="Opened before">
        {shown.map((node, place) => (
          <Bar key={keyOf(node)} node={node} onClose={() => onClose(first + place)} />
        ))}
      </ol>
    )
  );
}

function Bar({ node, onClose }: { node: OpenNode; onClose: () => void }) {
  const { route, topologies } = usePlace();
  const { data } = useQuery({ ...nodeQuery(node, route), staleTime: Number.POSITIVE_INFINITY });
  const label = data?.label ?? node.id;
  return (
    <li>
      <a href={hrefTo(route, node)}>
        <span className={styles.kind}>{singular(topologies, node.topology)}</span> {label}
      </a>
      <Button look="plain" aria-label={`Close ${label}`} onClick={onClose}>
        ✕
      </Button>
    </li>
  );
}
