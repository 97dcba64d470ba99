import type { Box } from "./boxes";
import { middleOf } from "./geometry";

/** A direction on the keyboard. */
export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

export function isArrow(key: string): key is Arrow {
  return key === "ArrowLeft" || key === "ArrowRight" || key === "ArrowUp" || key === "ArrowDown";
}

/** What there must be known of a box to go from one to the next. */
type Stop = Pick<Box, "key" | "component" | "rect" | "shape">;

/** Who calls whom. */
interface Calls {
  links: readonly { from: string; to: string }[];
}

function connected(box: Stop, { links }: Calls): ReadonlySet<string> {
  const others = new Set<string>([box.component]);
  for (const link of links) {
    if (link.from === box.component) others.add(link.to);
    if (link.to === box.component) others.add(link.from);
  }
  return others;
}

/**
 * The box that an arrow leads to: the nearest one on that side, first among
 * those that a connection leads to, then among all.
 */
export function neighbour<B extends Stop>(
  from: Stop,
  arrow: Arrow,
  boxes: readonly B[],
  calls: Calls,
): B | null {
  const start = middleOf(from.rect);
  const horizontal = arrow === "ArrowLeft" || arrow === "ArrowRight";
  const sign = arrow === "ArrowRight" || arrow === "ArrowDown" ? 1 : -1;
  const joined = connected(from, calls);
  let best: { box: B; cost: number } | null = null;
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
