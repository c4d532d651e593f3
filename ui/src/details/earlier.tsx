import { useQuery } from "@tanstack/react-query";
import { singular } from "../map/topologies";
import { Button } from "../parts/button";
import type { OpenNode } from "../routes";
import { go } from "../use-route";
import styles from "./details.module.css";
import { hrefTo, usePlace } from "./place";
import { closed, keyOf } from "./stack";
import { nodeQuery } from "./use-node";

/** The details below those on top, of which a bar is seen each: a press brings them to the top. */
export function Earlier({ nodes }: { nodes: readonly OpenNode[] }) {
  return (
    nodes.length > 0 && (
      <ol className={styles.earlier} aria-label="Opened before">
        {nodes.map((node) => (
          <Bar key={keyOf(node)} node={node} />
        ))}
      </ol>
    )
  );
}

function Bar({ node }: { node: OpenNode }) {
  const { route, topologies } = usePlace();
  const { data } = useQuery({ ...nodeQuery(node, route), staleTime: Number.POSITIVE_INFINITY });
  const label = data?.label ?? node.id;
  return (
    <li>
      <a href={hrefTo(route, node)}>
        <span className={styles.kind}>{singular(topologies, node.topology)}</span> {label}
      </a>
      <Button
        look="plain"
        aria-label={`Close ${label}`}
        onClick={() => go({ ...route, open: closed(route.open, node) })}
      >
        ✕
      </Button>
    </li>
  );
}
