import { sparkline } from "./model";

interface Props {
  values: readonly (number | null)[];
  /** Line at this height; null for none. */
  threshold: number | null;
  /** What it shows, for people who do not see it. */
  name: string;
}

const WIDTH = 120;
const HEIGHT = 28;

/** A small line with the threshold that it was held against. */
export function Sparkline({ values, threshold, name }: Props) {
  const top = 1.1 * Math.max(threshold ?? 0, ...values.map((value) => value ?? 0)) || 1;
  const limit = threshold === null ? null : HEIGHT - (threshold / top) * HEIGHT;
  return (
    <svg className="fc-spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={name}>
      {limit !== null && <line x1={0} x2={WIDTH} y1={limit} y2={limit} className="fc-spark-limit" />}
      {sparkline(values, top, WIDTH, HEIGHT).map((points) => (
        <polyline key={points} points={points} className="fc-spark-line" />
      ))}
    </svg>
  );
}
