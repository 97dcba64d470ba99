import { type Cursor, jump, LIVE, type Span, step, toggle } from "./cursor";

/** A key as far as the scrubber reads it. */
export interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** A move in time; seconds are those of the decisions, rising. */
export type Move = (cursor: Cursor, span: Span, seconds: readonly number[]) => Cursor;

/** The move that a key means, or null for none. */
export function moveOf({ key, shiftKey, ctrlKey, altKey, metaKey }: Key): Move | null {
  if (ctrlKey || altKey || metaKey) return null;
  switch (key) {
    case " ":
      return (cursor, span) => toggle(cursor, span);
    case "ArrowLeft":
      return shiftKey
        ? (cursor, span, seconds) => jump(cursor, span, seconds, -1)
        : (cursor, span) => step(cursor, span, -1);
    case "ArrowRight":
      return shiftKey
        ? (cursor, span, seconds) => jump(cursor, span, seconds, 1)
        : (cursor, span) => step(cursor, span, 1);
    case "l":
    case "L":
      return () => LIVE;
    default:
      return null;
  }
}

/** The keys of the page's time, for the help. */
export const KEYS: readonly { keys: string; does: string }[] = [
  { keys: "Space", does: "play or halt" },
  { keys: "← →", does: "one second back or on" },
  { keys: "Shift ← →", does: "previous or next decision" },
  { keys: "L", does: "go live" },
  { keys: "?", does: "this help" },
  { keys: "Esc", does: "close what is open" },
];
