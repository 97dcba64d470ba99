import type { Run } from "../state/run";
import { capitalise, words } from "../text/format";

/** At most one sentence is read out in so long, in milliseconds. */
export const ANNOUNCE_MS = 5000;

/** The newest thing that a run has to say besides its measurements; empty for nothing. */
export function sentenceOf(run: Run): string {
  const told: { t: number; text: string }[] = [];
  for (const { stages, rule, action, component, stage } of run.decisions) {
    const t = stages.at(-1)?.t;
    if (t !== undefined) told.push({ t, text: `${words(action || rule)} on ${component}: ${stage}` });
  }
  for (const { t, clearedAt, message } of run.alerts) {
    told.push(clearedAt === null ? { t, text: message } : { t: clearedAt, text: `Cleared: ${message}` });
  }
  if (run.phase.endedAt !== null) told.push({ t: run.phase.endedAt, text: words(run.phase.stage) });
  const newest = told.reduce<{ t: number; text: string } | null>(
    (best, one) => (best === null || one.t >= best.t ? one : best),
    null,
  );
  return newest === null ? "" : capitalise(newest.text);
}

/** How long a sentence must wait after the last one was read out, in milliseconds. */
export function waitOf(lastAt: number, now: number): number {
  return Math.max(0, lastAt + ANNOUNCE_MS - now);
}
