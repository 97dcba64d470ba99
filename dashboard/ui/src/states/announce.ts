import type { Run } from "../state/run";
import { capitalise, words } from "../text/format";

const applied = (run: Run) =>
  run.decisions.filter((decision) => decision.stages.some(({ stage }) => stage === "applied"));

/**
 * What a screen reader is told when a run changed: decisions that were applied
 * and the stage of the run, never metrics. Empty when neither changed.
 */
export function announcement(before: Run | null, now: Run): string {
  if (before === null) return "";
  const known = new Set(applied(before).map(({ id }) => id));
  const told = applied(now)
    .filter(({ id }) => !known.has(id))
    .map(
      ({ action, component, reason }) => `${capitalise(words(action ?? "scale"))} ${component}: ${reason}.`,
    );
  if (before.phase.stage !== now.phase.stage) told.push(`The run: ${words(now.phase.stage)}.`);
  return told.join(" ");
}
