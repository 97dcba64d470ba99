import type { Run } from "../state/run";

/** How far a run has come. */
export interface Progress {
  /** From 0 to 1. */
  share: number;
  elapsedSeconds: number;
  durationSeconds: number;
  tone: "running" | "good" | "bad" | "quiet";
}

const tones: ReadonlyMap<string, Progress["tone"]> = new Map([
  ["Running", "running"],
  ["Finishing", "running"],
  ["ObjectivesMet", "good"],
  ["ObjectivesMissed", "bad"],
  ["Invalid", "bad"],
  ["InvalidTraffic", "bad"],
  ["Deleted", "bad"],
]);

/** The progress of a run when so many seconds of it have passed. */
export function progressOf(run: Run, elapsedSeconds: number): Progress {
  const durationSeconds = run.control.durationSeconds;
  return {
    share: durationSeconds <= 0 ? 0 : Math.min(1, Math.max(0, elapsedSeconds / durationSeconds)),
    elapsedSeconds: Math.max(0, elapsedSeconds),
    durationSeconds,
    tone: tones.get(run.phase.stage) ?? "quiet",
  };
}
