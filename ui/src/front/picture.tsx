import styles from "./picture.module.css";

interface Dot {
  x: number;
  y: number;
  label: string;
  look: "accent" | "good" | "quiet" | "warn";
}

const SIZE = 22;

/** A map of a few nodes, as they might be anywhere. */
const DOTS: Record<string, Dot> = {
  net: { x: 210, y: 42, label: "The Internet", look: "quiet" },
  edge: { x: 210, y: 128, label: "nginx", look: "accent" },
  shop: { x: 110, y: 206, label: "shop", look: "good" },
  cart: { x: 310, y: 206, label: "cart", look: "good" },
  search: { x: 62, y: 306, label: "search", look: "good" },
  db: { x: 210, y: 296, label: "postgres", look: "warn" },
  queue: { x: 356, y: 306, label: "nats", look: "good" },
};

const LINES: readonly (readonly [string, string])[] = [
  ["net", "edge"],
  ["edge", "shop"],
  ["edge", "cart"],
  ["shop", "search"],
  ["shop", "db"],
  ["cart", "db"],
  ["cart", "queue"],
];

/** What the map looks like; it says nothing that the words beside it do not. */
export function Picture() {
  return (
    <svg className={styles.picture} viewBox="0 0 420 360" aria-hidden="true">
      {LINES.map(([from, to]) => (
        <Line key={`${from} ${to}`} from={DOTS[from]} to={DOTS[to]} />
      ))}
      {Object.values(DOTS).map((dot) => (
        <g key={dot.label} className={styles[dot.look]} transform={`translate(${dot.x} ${dot.y})`}>
          {dot.look === "quiet" ? <circle r={SIZE} /> : <polygon points={HEXAGON} />}
          <text y={SIZE + 18}>{dot.label}</text>
        </g>
      ))}
    </svg>
  );
}

const HEXAGON = [...Array(6).keys()]
  .map((corner) => ((corner * 60 - 30) * Math.PI) / 180)
  .map((angle) => `${(SIZE * Math.cos(angle)).toFixed(1)},${(SIZE * Math.sin(angle)).toFixed(1)}`)
  .join(" ");

function Line({ from, to }: { from: Dot | undefined; to: Dot | undefined }) {
  return from && to && <line className={styles.line} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />;
}
