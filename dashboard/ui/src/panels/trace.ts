/** A trace that was read, or what is wrong with it and what to write instead. */
export type Trace = { counts: readonly number[] } | { fault: string };

/** A day in seconds; a longer trace is cut or its intervals are summed. */
const MAX_ROWS = 86_400;

/** The most points a run is planned with: its stages, and where the first begins. */
const MAX_POINTS = 101;

/**
 * Reads a CSV of request counts, one row an interval: the last column counts, a first row
 * without a number is the header, lines that begin with # are remarks.
 */
export function parseTrace(text: string): Trace {
  const counts: number[] = [];
  const lines = text.split(/\r?\n/);
  let first = true;
  for (const [place, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const cell = (line.split(",").at(-1) ?? "").trim().replaceAll('"', "");
    const count = cell === "" ? Number.NaN : Number(cell);
    const header = first && Number.isNaN(count);
    first = false;
    if (header) continue;
    if (!(count >= 0 && count < Number.POSITIVE_INFINITY)) {
      return { fault: `Line ${place + 1}: "${cell}" is no count; write a number from 0 in its last column.` };
    }
    counts.push(count);
    if (counts.length > MAX_ROWS)
      return { fault: "The trace has more than 86,400 rows: sum some intervals." };
  }
  if (counts.length < 2) return { fault: "The trace needs two rows at least: write one an interval." };
  return { counts };
}

/**
 * The course of a trace over a run of so many seconds: shares of its highest point, evenly
 * spaced from begin to end. Rows that share a point are averaged.
 */
export function courseOf(counts: readonly number[], durationSeconds: number): number[] {
  const size = Math.min(counts.length, MAX_POINTS, Math.floor(durationSeconds) + 1);
  const means = Array.from({ length: size }, (_, place) => {
    const from = Math.floor((place * counts.length) / size);
    const to = Math.floor(((place + 1) * counts.length) / size);
    return counts.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  });
  const top = Math.max(...means);
  return means.map((mean) => (top === 0 ? 0 : mean / top));
}

/** The whole second at which a point of a course of so many points stands. */
export function secondOf(place: number, size: number, durationSeconds: number): number {
  return size < 2 ? 0 : Math.round((place * durationSeconds) / (size - 1));
}
