import type { XY } from "../wire";
import { crosses, type Rect, sample, wayOf } from "./geometry";

/** Canvas pixels that a line keeps from the boxes that it goes around. */
const CLEARANCE = 20;
/** And from the side of the box that it leaves or enters, to bend there. */
const BEND = 45;

function isClear(from: Rect, to: Rect, route: readonly XY[], others: readonly Rect[]): boolean {
  const way = wayOf({ rect: from, replicas: [] }, { rect: to, replicas: [] }, route);
  const points = sample(way.trunk);
  return !others.some((other) => crosses(points, other));
}

/**
 * The points by which a line from one box to another goes around the others:
 * along the nearest lane above or below one of them that is free. None when the
 * straight way is free, or when no lane is. The layout in Go finds better ways;
 * this is for a drawing that it has not seen.
 */
export function detour(from: Rect, to: Rect, others: readonly Rect[]): XY[] {
  if (isClear(from, to, [], others)) return [];
  const middle = (from.y + to.y + (from.height + to.height) / 2) / 2;
  const lanes = others
    .flatMap(({ y, height }) => [y - CLEARANCE, y + height + CLEARANCE])
    .sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  for (const y of lanes) {
    const route = [
      { x: from.x + from.width + BEND, y },
      { x: to.x - BEND, y },
    ];
    if (isClear(from, to, route, others)) return route;
  }
  return [];
}
