import type { NodeDetails } from "../api/types";
import styles from "./rows.module.css";
import { Section } from "./section";
import { useSome } from "./use-some";
import { Value } from "./value";

/** Shown at first. */
const FIRST = 6;

/** What is known of a node. */
export function Rows({ rows }: { rows: NodeDetails["metadata"] }) {
  const { some, more } = useSome(rows, FIRST, "row");
  return (
    rows.length > 0 && (
      <Section title="Info">
        <dl className={styles.rows}>
          {some.map(({ id, label, value, dataType, truncate }) => (
            <div key={id}>
              <dt>{label}</dt>
              <dd>
                <Value text={value} dataType={dataType} truncate={truncate} />
              </dd>
            </div>
          ))}
        </dl>
        {more}
      </Section>
    )
  );
}
