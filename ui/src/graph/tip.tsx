import type { ViewNode } from "../api/types";
import { measured } from "../parts/format";
import styles from "./graph.module.css";
import { RADIUS } from "./layout/geometry";
import type { Pointed } from "./scene";

interface Props {
  node: ViewNode;
  pointed: Pointed;
  /** The metric whose value is told; empty: all of them. */
  metric: string;
  /** Where the map ends, in pixels. */
  width: number;
}

const WIDEST = 320;
/** So many values are told, the important ones. */
const MOST = 8;

/** What a node is, beside it. */
export function Tip({ node, pointed, metric, width }: Props) {
  const left = pointed.x + RADIUS + WIDEST > width;
  const values = node.metrics.filter(({ id }) => metric === "" || id === metric).slice(0, MOST);
  const x = left ? pointed.x - RADIUS : pointed.x + RADIUS;
  return (
    <div
      className={styles.tip}
      style={{ transform: `translate(${x}px, ${pointed.y}px) translate(${left ? "-100%" : "0"}, -50%)` }}
    >
      <strong>{node.label}</strong>
      {node.labelMinor && <span>{node.labelMinor}</span>}
      {values.map(({ id, label, value, format }) => (
        <span key={id}>
          {label} {measured(value, format)}
        </span>
      ))}
      {node.quiet && <span>Not heard of lately; it may be gone.</span>}
    </div>
  );
}
