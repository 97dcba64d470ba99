import { type Chart, type EventMark, eventMarks, type Line } from "../charts/model";
import type { Recording, TotalName } from "../replay/recording";
import { sampleAt } from "../replay/recording";
import type { Run } from "../state/run";
import { spanOf, zeroOf } from "../state/store";
import { canvasAt } from "../state/topology";
import { capitalise, words } from "../text/format";
import type { ReportDecision, Spread } from "../wire";

/** A run beside others: what it was, and all that was recorded of it. */
export interface Member {
  /** Its place in the comparison, which gives its letter and its colour. */
  place: number;
  letter: string;
  run: Run;
  recording: Recording;
}

/** The letter of the nth run, as reports name it. */
export function letterOf(place: number): string {
  return place < 26 ? String.fromCharCode(65 + place) : String(place + 1);
}

/** The colour of the nth run, as a custom property of the theme. */
export function strokeOf(place: number): `--${string}` {
  return `--run-${(place % 4) + 1}`;
}

/** The second at which a run ended, or that is the newest of it. */
export function endOf({ run, recording }: Pick<Member, "run" | "recording">): number {
  return spanOf(run, recording.seconds.at(-1)).end;
}

/** So many points a chart has at most. */
const POINTS = 1200;

/** Seconds from 0 to the end of the longest run, in steps that no run was measured in coarser ones. */
export function gridOf(members: readonly Member[]): number[] {
  const end = Math.ceil(Math.max(0, ...members.map(endOf)));
  const steps = members.map(({ recording: { seconds } }) => {
    const [first = 0, last = 0] = [seconds[0], seconds.at(-1)];
    return seconds.length < 2 ? 1 : (last - first) / (seconds.length - 1);
  });
  const step = Math.max(1, ...steps.map(Math.round), Math.ceil(end / POINTS));
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, place) => place * step);
}

/** Values on a grid: at each point the last that was measured in the step before it, null for none. */
export function onGrid(
  grid: readonly number[],
  seconds: readonly number[],
  values: readonly (number | null)[],
): (number | null)[] {
  const step = (grid[1] ?? 1) - (grid[0] ?? 0);
  return grid.map((point) => {
    const place = sampleAt(seconds, point);
    return place >= 0 && point - (seconds[place] as number) < step ? (values[place] ?? null) : null;
  });
}

type Values = readonly (number | null)[];

/** A run's own look: all but the first are dashed, so that colour is not needed to tell them apart. */
function styleOf({ letter, place }: Member): Pick<Line, "label" | "stroke" | "dashed"> {
  const look = { label: letter, stroke: strokeOf(place) };
  return place === 0 ? look : { ...look, dashed: true };
}

function lineOf(
  members: readonly Member[],
  grid: readonly number[],
  read: (member: Member) => Values,
): Line[] {
  return members.map((member) => ({
    ...styleOf(member),
    values: onGrid(grid, member.recording.seconds, read(member)),
  }));
}

/** The replicas of all components at the seconds of a grid; null beyond the run's end. */
export function replicasOf(member: Member, grid: readonly number[]): (number | null)[] {
  const { base, log } = member.run;
  const [zero, end] = [zeroOf(member.run), endOf(member)];
  return grid.map((second) => {
    if (second > end) return null;
    const { nodes } = canvasAt(base, log, zero + second * 1000);
    return nodes.reduce((sum, { replicas }) => sum + replicas, 0);
  });
}

const totals: readonly { name: TotalName; title: string; unit: string; explanation: string }[] = [
  {
    name: "rate",
    title: "Traffic",
    unit: "req/s",
    explanation: "measured at the generator: requests offered a second",
  },
  {
    name: "p95",
    title: "Latency p95",
    unit: "ms",
    explanation: "measured at the generator, from the intended time of each request",
  },
  {
    name: "p99",
    title: "Latency p99",
    unit: "ms",
    explanation: "measured at the generator, from the intended time of each request",
  },
  {
    name: "errorRate",
    title: "Errors",
    unit: "%",
    explanation: "measured at the generator: failed and dropped of all requests",
  },
];

/** The charts of all runs over each other, by seconds since the traffic of each began. */
export function overlaid(members: readonly Member[]): Chart[] {
  const seconds = gridOf(members);
  const ofTotal = totals.map(({ name, title, unit, explanation }) => ({
    id: name,
    ...{ title, unit, explanation, seconds },
    limits: [],
    lines: lineOf(members, seconds, ({ recording }) => recording.totalValues(name)),
  }));
  const replicas: Chart = {
    id: "replicas",
    title: "Replicas",
    unit: "",
    seconds,
    limits: [],
    explanation: "the architecture of each moment: replicas of all components",
    lines: members.map((member) => ({
      ...styleOf(member),
      values: replicasOf(member, seconds),
    })),
  };
  return [...ofTotal, replicas];
}

/** The same of one component or instance, of what was measured of it in any of the runs. */
export function overlaidOf(members: readonly Member[], id: string): Chart[] {
  const seconds = gridOf(members);
  const columns = members[0]?.run.columns ?? [];
  return columns.flatMap(({ name, title, unit, source, explanation }) => {
    const lines = lineOf(members, seconds, ({ recording }) => recording.values(id, name));
    if (lines.every(({ values }) => values.every((value) => value === null))) return [];
    const head = { id: `${id}/${name}`, title: `${id}: ${title}`, explanation: `${source}: ${explanation}` };
    return [{ ...head, unit, seconds, limits: [], lines }];
  });
}

/** A change of one run on the common line of time. */
export interface SharedMark extends EventMark {
  letter: string;
  place: number;
}

/** What changed the architectures, by the second of each run. */
export function sharedMarks(members: readonly Member[]): SharedMark[] {
  return members
    .flatMap(({ run, letter, place }) =>
      eventMarks(run).map((mark) => ({
        ...mark,
        letter,
        place,
        stroke: strokeOf(place),
        decision: `${letter}/${mark.decision}`,
        label: `${letter}: ${mark.label}`,
      })),
    )
    .sort((a, b) => a.second - b.second);
}

/** One decision, and what each run made of it; null where it was not made. */
export interface DecisionRow {
  title: string;
  cells: (ReportDecision | null)[];
}

const sameAs = ({ action, component, added }: ReportDecision) => `${action} ${component} ${added ?? ""}`;

/** Decisions side by side: the nth of a kind on a component beside the nth of the others. */
export function decisionRows(
  runs: readonly { decisions: readonly ReportDecision[] | null }[],
): DecisionRow[] {
  const rows = new Map<string, DecisionRow>();
  for (const [place, { decisions }] of runs.entries()) {
    const counts = new Map<string, number>();
    for (const decision of decisions ?? []) {
      const kind = sameAs(decision);
      const nth = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, nth);
      const key = `${kind} ${nth}`;
      const row = rows.get(key) ?? { title: titleOf(decision), cells: runs.map(() => null) };
      row.cells[place] = decision;
      rows.set(key, row);
    }
  }
  const first = ({ cells }: DecisionRow) =>
    Math.min(...cells.flatMap((cell) => (cell === null ? [] : cell.second)));
  return [...rows.values()].sort((a, b) => first(a) - first(b));
}

function titleOf({ action, component, added }: ReportDecision): string {
  const what = capitalise(words(action));
  return added && added !== component ? `${what} ${added} at ${component}` : `${what} · ${component}`;
}

/** How much more a mean is than the first one, in percent; null where that says nothing. */
export function shareOf({ mean }: Spread, { mean: first }: Spread): number | null {
  return first === 0 ? null : (100 * (mean - first)) / Math.abs(first);
}

/** A mean with its noise, from 0 to 1 of the line that all of a measure share. */
export interface Whisker {
  at: number;
  from: number;
  to: number;
}

/** Where the spreads of a measure lie beside each other; null for one that was not measured. */
export function whiskers(spreads: readonly Spread[]): (Whisker | null)[] {
  const seen = spreads.filter(({ runs }) => runs > 0);
  const low = Math.min(...seen.map(({ mean, deviation }) => mean - deviation));
  const high = Math.max(...seen.map(({ mean, deviation }) => mean + deviation));
  const place = (value: number) => (high === low ? 0.5 : (value - low) / (high - low));
  return spreads.map(({ runs, mean, deviation }) =>
    runs === 0 ? null : { at: place(mean), from: place(mean - deviation), to: place(mean + deviation) },
  );
}
