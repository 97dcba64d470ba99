const FIRST_MS = 250;
const LAST_MS = 8000;

/**
 * How long to wait before the nth attempt in a row, from 0: 0.25 s doubling to
 * 8 s, of which the upper half is jitter so that pages do not come back together.
 * random is in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}
