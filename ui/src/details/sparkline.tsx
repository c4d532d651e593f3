import { measured } from "../parts/format";
import styles from "./metrics.module.css";
import { type Point, paths, range } from "./samples";

const WIDTH = 160;
const HEIGHT = 36;

interface Props {
  label: string;
  format: string;
  points: readonly Point[];
}

/** What was measured in the last minute, as a line; as words for those who do not see it. */
export function Sparkline({ label, format, points }: Props) {
  const { line, area } = paths(points, WIDTH, HEIGHT);
  return (
    <svg className={styles.sparkline} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{wordsOf(label, format, points)}</title>
      <path className={styles.area} d={area} />
      <path className={styles.line} d={line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** What a sparkline shows, in words. */
function wordsOf(label: string, format: string, points: readonly Point[]): string {
  const found = range(points);
  const said = (value: number) => measured(value, format);
  return found
    ? `${label} in the last minute: from ${said(found.smallest)} to ${said(found.largest)}, ${points.length} samples`
    : `${label}: not measured in the last minute`;
}
