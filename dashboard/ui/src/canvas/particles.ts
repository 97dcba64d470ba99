import type { XY } from "../wire";

/** A line with its length, ready to be walked along. */
export interface Track {
  points: readonly XY[];
  /** Distance from the start to each point. */
  reach: readonly number[];
  length: number;
}

export function trackOf(points: readonly XY[]): Track {
  const reach = [0];
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1] as XY;
    const b = points[i] as XY;
    reach.push((reach[i - 1] as number) + Math.hypot(b.x - a.x, b.y - a.y));
  }
  return { points, reach, length: reach.at(-1) ?? 0 };
}

/** The point at a distance from the start, clamped to the ends. */
export function walk(track: Track, distance: number): XY {
  const { points, reach, length } = track;
  const at = Math.min(Math.max(distance, 0), length);
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((reach[middle] as number) <= at) low = middle;
    else high = middle;
  }
  const a = points[low] ?? { x: 0, y: 0 };
  const b = points[high] ?? a;
  const span = (reach[high] as number) - (reach[low] as number);
  const share = span > 0 ? (at - (reach[low] as number)) / span : 0;
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share };
}

/** Pixels between two particles: fewer for more traffic, in steps so that they do not jitter. */
export function spacing(rate: number): number {
  const magnitude = Math.round(Math.log10(Math.max(rate, 1)) * 4) / 4;
  return Math.max(14, 120 / (1 + magnitude));
}

/** Pixels a second: twice as fast for every factor of a thousand or so. */
export function speed(rate: number): number {
  return 50 + 22 * Math.log10(Math.max(rate, 1));
}

/**
 * Distances of the particles of a track at a moment: travelled is how far the
 * stream has moved since it began, in pixels; least is the gap below which every
 * other particle is left out, and again. No traffic, no particles.
 */
export function particles(length: number, rate: number | null, travelled: number, least = 0): number[] {
  if (rate === null || rate <= 0 || length <= 0) return [];
  const natural = spacing(rate);
  const gap = natural * 2 ** Math.max(0, Math.ceil(Math.log2(least / natural)));
  const first = travelled % gap;
  const count = Math.floor((length - first) / gap) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => first + i * gap).filter((d) => d <= length);
}
