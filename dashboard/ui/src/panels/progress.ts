import type { Run } from "../state/run";

/** How far a run has come. */
export interface Progress {
  /** From 0 to 1. */
  share: number;
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

/** The progress of a run at a second of its clock, when it is planned to end at another. */
export function progressOf(run: Run, second: number, planned: number): Progress {
  return {
    share: planned <= 0 ? 0 : Math.min(1, Math.max(0, second / planned)),
    tone: tones.get(run.phase.stage) ?? "quiet",
  };
}
