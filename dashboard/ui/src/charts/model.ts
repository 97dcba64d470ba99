import type { Recording } from "../replay/recording";
import { marks } from "../replay/runat";
import type { Run } from "../state/run";
import { zeroOf } from "../state/store";
import { capitalise, words } from "../text/format";
import type { Objective } from "../wire";

/** One line of a chart. Stroke names a custom property of the theme. */
export interface Line {
  label: string;
  stroke: `--${string}`;
  dashed?: true;
  values: readonly (number | null)[];
}

/** A horizontal line that an objective draws. */
export interface Limit {
  label: string;
  value: number;
}

/** A scaling event on every chart. */
export interface EventMark {
  second: number;
  label: string;
  decision: string;
  /** Custom property of its colour; the accent's if left out. */
  stroke?: `--${string}`;
}

/** One chart: its lines beside the seconds at which they were measured. */
export interface Chart {
  /** Stable name of the chart. */
  id: string;
  title: string;
  unit: string;
  seconds: readonly number[];
  lines: Line[];
  limits: Limit[];
  /** Where the numbers come from, in words. */
  explanation: string;
}

/** What a line had at a second, or last of all if that is null: its last measurement until then. */
export function valueAt(
  seconds: readonly number[],
  values: Line["values"],
  at: number | null,
): number | null {
  return values.findLast((value, i) => value !== null && (at === null || (seconds[i] ?? 0) <= at)) ?? null;
}

function limitsOf(objectives: readonly Objective[], unit: string): Limit[] {
  return objectives
    .filter((objective) => objective.unit === unit)
    .map((objective) => ({
      label: objective.unit === "ms" ? `objective p${objective.percentile ?? 99}` : "objective",
      value: objective.target,
    }));
}

/** The charts of a run end to end: traffic asked for and offered, latency, errors. */
export function endToEnd(run: Run, recording: Recording): Chart[] {
  const { seconds } = recording;
  const { objectives } = run.control;
  return [
    {
      id: "traffic",
      title: "Traffic",
      unit: "req/s",
      seconds,
      limits: [],
      explanation: "measured at the generator: requests planned and offered a second",
      lines: [
        { label: "achieved", stroke: "--series-1", values: recording.totalValues("rate") },
        { label: "target", stroke: "--series-4", dashed: true, values: recording.totalValues("target") },
      ],
    },
    {
      id: "latency",
      title: "Latency",
      unit: "ms",
      seconds,
      limits: limitsOf(objectives, "ms"),
      explanation: "measured at the generator, from the intended time of each request",
      lines: [
        { label: "p50", stroke: "--series-1", values: recording.totalValues("p50") },
        { label: "p95", stroke: "--series-2", values: recording.totalValues("p95") },
        { label: "p99", stroke: "--series-3", values: recording.totalValues("p99") },
      ],
    },
    {
      id: "errors",
      title: "Errors",
      unit: "%",
      seconds,
      limits: limitsOf(objectives, "%"),
      explanation: "measured at the generator: failed and dropped of all requests",
      lines: [{ label: "errors", stroke: "--series-3", values: recording.totalValues("errorRate") }],
    },
  ];
}

/** The charts of one component or instance: one for each column that was ever measured of it. */
export function ofComponent(run: Run, recording: Recording, id: string): Chart[] {
  return run.columns.flatMap((column, place) => {
    const values = recording.values(id, column.name);
    if (values.every((value) => value === null)) return [];
    return [
      {
        id: `${id}/${column.name}`,
        title: column.title,
        unit: column.unit,
        seconds: recording.seconds,
        limits: [],
        explanation: `${column.source}: ${column.explanation}`,
        lines: [{ label: column.title, stroke: `--series-${(place % 4) + 1}` as const, values }],
      },
    ];
  });
}

/** The scaling events that every chart marks. */
export function eventMarks(run: Run): EventMark[] {
  return marks(run, zeroOf(run)).map(({ second, decision }) => ({
    second,
    decision: decision.id,
    label: `${capitalise(words(decision.action ?? "scale"))} ${decision.component}`,
  }));
}

/** The top of a chart's scale, a tenth above the highest of what it shows; at least a little. */
export function ceilingOf(chart: Chart): number {
  let top = 0;
  for (const { values } of chart.lines)
    for (const value of values) if (value !== null && value > top) top = value;
  for (const { value } of chart.limits) if (value <= 4 * top) top = Math.max(top, value);
  return top === 0 ? 1 : top * 1.1;
}
