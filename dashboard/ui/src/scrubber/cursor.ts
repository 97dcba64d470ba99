/** How many seconds of a run a played second shows. */
export const SPEEDS = [1, 2, 5, 10, 30, 60] as const;

export type Speed = (typeof SPEEDS)[number];

/** Where in time the page looks: at now, or at a second of the run. */
export type Cursor = { kind: "live" } | { kind: "at"; second: number; playing: boolean; speed: Speed };

/** The page follows the run. */
export const LIVE: Cursor = { kind: "live" };

/** The stretch that can be looked at: from second 0 to the newest, and whether it still grows. */
export interface Span {
  end: number;
  growing: boolean;
}

const clamp = (second: number, span: Span) => Math.min(Math.max(0, second), span.end);

/** The second that the cursor is at. */
export function secondOf(cursor: Cursor, span: Span): number {
  return cursor.kind === "live" ? span.end : clamp(cursor.second, span);
}

/** Looks at a second and stays there. */
export function seek(cursor: Cursor, span: Span, second: number): Cursor {
  const speed = cursor.kind === "at" ? cursor.speed : 1;
  return { kind: "at", second: clamp(second, span), playing: false, speed };
}

/** Steps by seconds, such as -1. */
export function step(cursor: Cursor, span: Span, by: number): Cursor {
  return seek(cursor, span, Math.round(secondOf(cursor, span)) + by);
}

/**
 * Jumps to the next (1) or the previous (-1) of some rising seconds; stays where
 * there is none. A mark within half a second counts as reached.
 */
export function jump(cursor: Cursor, span: Span, seconds: readonly number[], direction: 1 | -1): Cursor {
  const now = secondOf(cursor, span);
  const target =
    direction === 1
      ? seconds.find((second) => second > now + 0.5)
      : seconds.findLast((second) => second < now - 0.5);
  return target === undefined ? cursor : seek(cursor, span, target);
}

/** Plays or halts. Playing from the end of a finished run begins anew. */
export function toggle(cursor: Cursor, span: Span): Cursor {
  if (cursor.kind === "at") {
    if (cursor.playing) return { ...cursor, playing: false };
    const atEnd = !span.growing && cursor.second >= span.end;
    return { ...cursor, second: atEnd ? 0 : cursor.second, playing: true };
  }
  if (span.growing) return seek(cursor, span, span.end);
  return { kind: "at", second: 0, playing: true, speed: 1 };
}

/** Plays at another speed. */
export function pace(cursor: Cursor, span: Span, speed: Speed): Cursor {
  const base = cursor.kind === "at" ? cursor : { kind: "at" as const, second: span.end, playing: false };
  return { ...base, speed };
}

/**
 * The cursor after seconds of real time. A replay that catches up with a running
 * run goes live; one that reaches the end of a finished run halts there.
 */
export function advance(cursor: Cursor, span: Span, realSeconds: number): Cursor {
  if (cursor.kind === "live" || !cursor.playing) return cursor;
  const second = cursor.second + realSeconds * cursor.speed;
  if (second < span.end) return { ...cursor, second };
  return span.growing ? LIVE : { ...cursor, second: span.end, playing: false };
}
