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

/**
 * Whether a key belongs to what has the focus rather than to the page's time.
 * Within says whether the focus is inside something that a selector finds. The
 * line of time itself has no keys of its own.
 */
export function belongs(key: string, within: (selector: string) => boolean): boolean {
  if (within("[data-time]")) return false;
  if (within("input, select, textarea, dialog, [contenteditable]")) return true;
  return key === " " && within("button, [role=button], summary, a");
}

/** The keys of the page, for the help. */
export const KEYS: readonly { keys: string; does: string }[] = [
  { keys: "Space", does: "play or halt" },
  { keys: "← →", does: "one second back or on" },
  { keys: "Shift ← →", does: "previous or next decision" },
  { keys: "L", does: "go live" },
  { keys: "← ↑ ↓ →", does: "on a box of the canvas: to the next one" },
  { keys: "Enter", does: "on a box: open it beside the canvas" },
  { keys: "Alt ← ↑ ↓ →", does: "on a box: move it; dragging does too" },
  { keys: "T", does: "in the canvas: tidy, every box back where the layout has it" },
  { keys: "Ctrl Z", does: "in the canvas: take the last move back" },
  { keys: "F", does: "in the canvas: show all of it" },
  { keys: "+ −", does: "in the canvas: nearer or farther" },
  { keys: "?", does: "this help" },
  { keys: "Esc", does: "close what is open" },
];
