import { colorOf } from "../graph/color";
import styles from "./panel.module.css";

/** How many corners the shapes have that have some. */
const CORNERS: Readonly<Record<string, number>> = {
  triangle: 3,
  square: 4,
  pentagon: 5,
  hexagon: 6,
  heptagon: 7,
  octagon: 8,
};

const CLOUD = "M6.5,19a4.5,4.5 0 0 1 -0.4,-9a6,6 0 0 1 11.5,-0.6a4.8,4.8 0 0 1 -0.1,9.6z";

interface Props {
  node: { shape: string; rank: string; label: string; pseudo: boolean };
}

/** What a node looks like on the map, beside its name. */
export function Shape({ node }: Props) {
  const { shape, pseudo } = node;
  const corners = CORNERS[shape.replace("dotted", "")];
  const color = pseudo ? "var(--node-pseudo)" : `var(--node-${colorOf(node) + 1})`;
  const dashed = shape.startsWith("dotted") || pseudo;
  return (
    <svg
      className={styles.shape}
      viewBox="0 0 24 24"
      aria-hidden="true"
      style={{ color }}
      data-dashed={dashed || undefined}
    >
      {shape === "cloud" ? (
        <path d={CLOUD} />
      ) : corners ? (
        <polygon points={polygon(corners)} />
      ) : (
        <circle cx="12" cy="12" r="9" />
      )}
    </svg>
  );
}

/** A regular polygon; those with an even number of corners lie on a side. */
function polygon(corners: number): string {
  const turn = corners % 2 === 0 ? Math.PI / corners : 0;
  return Array.from({ length: corners }, (_, corner) => {
    const angle = turn + (2 * Math.PI * corner) / corners;
    return `${(12 + 10 * Math.sin(angle)).toFixed(2)},${(12 - 10 * Math.cos(angle)).toFixed(2)}`;
  }).join(" ");
}
