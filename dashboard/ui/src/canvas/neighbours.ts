import type { Canvas } from "../wire";
import type { Box } from "./boxes";
import { middleOf } from "./geometry";

/** A direction on the keyboard. */
export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

export function isArrow(key: string): key is Arrow {
  return key === "ArrowLeft" || key === "ArrowRight" || key === "ArrowUp" || key === "ArrowDown";
}

function connected(box: Box, canvas: Canvas): ReadonlySet<string> {
  const others = new Set<string>([box.component]);
  for (const link of canvas.links) {
    if (link.from === box.component) others.add(link.to);
    if (link.to === box.component) others.add(link.from);
  }
  return others;
}

/**
 * The box that an arrow leads to: the nearest one on that side, first among
 * those that a connection leads to, then among all.
 */
export function neighbour(from: Box, arrow: Arrow, boxes: readonly Box[], canvas: Canvas): Box | null {
  const start = middleOf(from.rect);
  const horizontal = arrow === "ArrowLeft" || arrow === "ArrowRight";
  const sign = arrow === "ArrowRight" || arrow === "ArrowDown" ? 1 : -1;
  const joined = connected(from, canvas);
  let best: { box: Box; cost: number } | null = null;
  for (const box of boxes) {
    if (box.key === from.key || box.shape === "frame") continue;
    const at = middleOf(box.rect);
    const ahead = sign * (horizontal ? at.x - start.x : at.y - start.y);
    if (ahead <= 1) continue;
    const aside = Math.abs(horizontal ? at.y - start.y : at.x - start.x);
    const cost = ahead + 2 * aside + (joined.has(box.component) ? 0 : 1e6);
    if (best === null || cost < best.cost) best = { box, cost };
  }
  return best?.box ?? null;
}
