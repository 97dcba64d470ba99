import { INITIAL_FEED, type Run, reduce } from "../src/state/run";
import type { MetricColumn, Replay, ReplaySeries, RunSummary } from "../src/wire";
import type { Play } from "./session";

const SECONDS = 120;
/** At this second a run that scales has its second API server. */
const GROWN = 47;

/** What makes an ended run another one than the session it is made of. */
export interface Rehearsal extends Pick<RunSummary, "id" | "name"> {
  startedBy?: string;
  kept?: boolean;
  /** Whether the rules acted. */
  scaled: boolean;
  /** How much slower than the session it answered, in percent. */
  slower?: number;
}

function endOf({ hello, snapshot, steps }: Play): Run {
  const { run } = [hello, snapshot, ...steps.map(({ message }) => message)].reduce(reduce, INITIAL_FEED);
  if (run === null) throw new Error("the session has no snapshot");
  return run;
}

/** A run that has ended, made of a recorded session: all that happened is in its snapshot. */
export function rehearsed(play: Play, of: Rehearsal): { play: Play; replay: Replay } {
  const end = endOf(play);
  const { startedAt, endedAt } = end.phase;
  if (startedAt === null || endedAt === null) throw new Error("the session has no end");
  const { id, name, scaled, startedBy = "", kept = false } = of;
  const stage = scaled ? "ObjectivesMet" : "ObjectivesMissed";
  const message = scaled ? "every objective holds" : "p99 was over its objective";
  const verdict = scaled ? "Met" : "Missed";
  const snapshot = {
    ...play.snapshot,
    ...end,
    run: {
      ...end.summary,
      ...{ id, name, kept, startedBy, stage, message, verdict, endedAt, finished: true },
      elapsedSeconds: SECONDS,
      decisions: scaled ? 1 : 0,
    },
    phase: { ...end.phase, stage, message },
    control: { ...end.control, autoScaling: { enabled: scaled, mode: "Act" } },
    ...(scaled ? {} : { log: [], topology: end.base, decisions: [], alerts: [] }),
  };
  return {
    play: { hello: { ...play.hello, simulation: id }, snapshot, steps: [] },
    replay: { snapshot, startedAt, ...measured(snapshot.topology, scaled, 1 + (of.slower ?? 0) / 100) },
  };
}

/** Requests a second that are asked for. */
function targetAt(second: number): number {
  return Math.round(100 + 900 * Math.min(1, Math.max(0, (second - 20) / 30)));
}

/** A number around 1 that follows from its arguments. */
const wobble = (second: number, of: number) => 1 + 0.04 * Math.sin(second * (1.7 + of) + of * 9);

function measured(
  { ids, linkIds }: Run["topology"],
  scaled: boolean,
  slower: number,
): Pick<Replay, "seconds" | "series" | "total"> {
  const seconds = Array.from({ length: SECONDS + 1 }, (_, second) => second);
  const cpuAt = (id: string, second: number) => {
    const share = id.startsWith("api-server") ? 0.11 : 0.03;
    const replicas = id.startsWith("api-server") && scaled && second >= GROWN ? 2 : 1;
    return Math.min(99.6, ((targetAt(second) * share) / replicas) * wobble(second, id.length));
  };
  const latencyAt = (second: number) =>
    (slower * 8 * wobble(second, 3)) / Math.max(0.08, 1 - cpuAt("api-server", second) / 105);
  const row = (id: string, metric: MetricColumn, at: (second: number) => number): ReplaySeries => ({
    id,
    metric,
    values: seconds.map((second) => (id === "api-server-2" && second < GROWN ? null : at(second))),
  });
  return {
    seconds,
    series: [
      ...ids.flatMap((id) => [
        row(id, "cpu", (second) => cpuAt(id, second)),
        row(id, "requestRate", (second) => targetAt(second) * wobble(second, 1)),
        row(id, "latency", (second) => latencyAt(second) / 2),
        row(id, "errorRate", () => 0),
      ]),
      ...linkIds.map((id) => row(id, "rate" as MetricColumn, targetAt)),
    ],
    total: {
      target: seconds.map(targetAt),
      rate: seconds.map((second) => targetAt(second) * wobble(second, 2)),
      p50: seconds.map(latencyAt),
      p95: seconds.map((second) => 1.9 * latencyAt(second)),
      p99: seconds.map((second) => 2.6 * latencyAt(second) * wobble(second, 5)),
      errorRate: seconds.map(() => 0),
    },
  };
}
