import type { Box } from "./boxes";
import { middleOf, type Rect, type View } from "./geometry";

/** A sign at the edge of the screen for a change that cannot be seen. */
export interface Chip {
  key: string;
  text: string;
  side: "left" | "right" | "top" | "bottom";
  box: Box;
}

/** The part of the canvas that is on a screen of a size. */
export function visiblePart(view: View, width: number, height: number): Rect {
  return {
    x: -view.x / view.zoom,
    y: -view.y / view.zoom,
    width: width / view.zoom,
    height: height / view.zoom,
  };
}

/** How many boxes are not wholly seen. */
export function outOfSight(boxes: readonly Box[], seen: Rect): number {
  return boxes.filter(
    ({ shape, rect }) =>
      shape !== "frame" &&
      (rect.x < seen.x ||
        rect.y < seen.y ||
        rect.x + rect.width > seen.x + seen.width ||
        rect.y + rect.height > seen.y + seen.height),
  ).length;
}

function sideOf(box: Box, seen: Rect): Chip["side"] | null {
  const at = middleOf(box.rect);
  if (at.x < seen.x) return "left";
  if (at.x > seen.x + seen.width) return "right";
  if (at.y < seen.y) return "top";
  return at.y > seen.y + seen.height ? "bottom" : null;
}

const news = { live: "added", pending: "added", ghost: "held back", leaving: "removed" } as const;

/** Chips for boxes that came or went outside of what is seen. */
export function chipsOf(boxes: readonly Box[], seen: Rect): Chip[] {
  return boxes.flatMap((box) => {
    const changed = box.fresh || box.state === "leaving";
    const side = changed && box.shape !== "frame" ? sideOf(box, seen) : null;
    return side === null ? [] : [{ key: box.key, text: `${box.title} ${news[box.state]}`, side, box }];
  });
}
