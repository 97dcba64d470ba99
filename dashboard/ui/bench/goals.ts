/** One goal with what was measured. */
export interface Outcome {
  what: string;
  measured: number;
  /** The measured value may be at most so much, or at least. */
  bound: "at most" | "at least";
  goal: number;
  unit: string;
}

export function holds({ measured, bound, goal }: Outcome): boolean {
  return bound === "at most" ? measured <= goal : measured >= goal;
}

/** An outcome as a line: what, measured, goal, and whether it holds. */
export function lineOf(outcome: Outcome): string {
  const { what, measured, bound, goal, unit } = outcome;
  const value = Number.isInteger(measured) ? String(measured) : measured.toFixed(1);
  const verdict = holds(outcome) ? "holds" : "MISSED";
  return `${what.padEnd(58)} ${value.padStart(8)} ${unit.padEnd(6)} ${bound} ${goal}`.padEnd(94) + verdict;
}

/** The middle of some values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new Error("nothing has no median");
  return (lower + upper) / 2;
}
