import { sparkline } from "./sparkline";

const WIDTH = 300;
const HEIGHT = 48;

/** A measurement over time with its threshold as a line. */
export function SparklineView({
  values,
  threshold,
  label,
}: {
  values: readonly (number | null)[];
  threshold: number | null;
  label: string;
}) {
  const line = sparkline(values, threshold, WIDTH, HEIGHT);
  if (line.path === "") return <p className="hint">Nothing was measured in this window.</p>;
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{label}</title>
      {line.threshold !== null && <line x1="0" x2={WIDTH} y1={line.threshold} y2={line.threshold} />}
      <path d={line.path} />
    </svg>
  );
}
