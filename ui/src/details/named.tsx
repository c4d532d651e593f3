import { NodeLink } from "./node-link";
import styles from "./panel.module.css";

interface Props {
  topology: string;
  node: { id: string; label: string; labelMinor: string; quiet?: boolean };
}

/** Another node by its name, leading to its details. */
export function Named({ topology, node: { id, label, labelMinor, quiet = false } }: Props) {
  return (
    <>
      <NodeLink topology={topology} id={id}>
        {label || id}
      </NodeLink>
      {labelMinor && <small className={styles.minor}> {labelMinor}</small>}
      {quiet && <small className={styles.quiet}> not heard of lately</small>}
    </>
  );
}
