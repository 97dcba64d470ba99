import type { Recording } from "../replay/recording";
import { sampleAt } from "../replay/recording";
import type { Run } from "../state/run";
import { zeroOf } from "../state/store";
import { canvasAt } from "../state/topology";
import type { ScalingDecision } from "../wire";

/** How long before an action and after it settled is compared, in seconds. */
export const WINDOW_SECONDS = 30;

/** One measure before and after a decision; null where nothing was measured. */
export interface Comparison {
  name: string;
  unit: string;
  before: number | null;
  after: number | null;
}

/** When a stage was reached in seconds of the run; null when it was not. */
export function secondOfStage(
  decision: ScalingDecision,
  stage: ScalingDecision["stage"],
  zero: number,
): number | null {
  const reached = decision.stages.find((one) => one.stage === stage);
  return reached === undefined ? null : (reached.t - zero) / 1000;
}

/** The mean of what was measured from one second to before another; null when nothing was. */
export function meanOf(
  seconds: readonly number[],
  values: readonly (number | null)[],
  from: number,
  to: number,
): number | null {
  let sum = 0;
  let count = 0;
  for (let place = Math.max(0, sampleAt(seconds, from)); place < seconds.length; place++) {
    const second = seconds[place] as number;
    if (second >= to) break;
    const value = values[place];
    if (second < from || value === null || value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}

function podsAt(run: Run, second: number): number {
  return canvasAt(run.base, run.log, zeroOf(run) + second * 1000).nodes.reduce(
    (all, node) => all + node.replicas,
    0,
  );
}

/**
 * What an applied decision did end to end: 30 s before it was applied against
 * the 30 s after its replicas were ready. After is null until that time is
 * over. Empty for a decision that was not applied.
 */
export function comparisons(run: Run, recording: Recording, decision: ScalingDecision): Comparison[] {
  const zero = zeroOf(run);
  const applied = secondOfStage(decision, "applied", zero);
  if (applied === null) return [];
  const ready = secondOfStage(decision, "ready", zero);
  const last = recording.seconds.at(-1) ?? 0;
  const settled = ready !== null && last >= ready + WINDOW_SECONDS;
  const row = (name: string, unit: string, values: readonly (number | null)[]): Comparison => ({
    name,
    unit,
    before: meanOf(recording.seconds, values, applied - WINDOW_SECONDS, applied),
    after: settled ? meanOf(recording.seconds, values, ready, ready + WINDOW_SECONDS) : null,
  });
  return [
    row("p95", "ms", recording.totalValues("p95")),
    row("Errors", "%", recording.totalValues("errorRate")),
    row("Load", "req/s", recording.totalValues("rate")),
    {
      name: "Pods",
      unit: "",
      before: podsAt(run, applied - 0.001),
      after: settled ? podsAt(run, ready + WINDOW_SECONDS) : null,
    },
  ];
}
