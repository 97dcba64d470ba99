import type { Canvas, Link, XY } from "../wire";
import type { Drawing } from "./boxes";
import { headsOf, labelOf, lanesOf, pathOf, wayOf } from "./geometry";
import { type Track, trackOf } from "./particles";

/** A link ready to be drawn. */
export interface DrawnLink {
  link: Link;
  path: string;
  heads: string;
  label: XY;
  tracks: readonly Track[];
}

/** The links of a canvas whose two ends are drawn. */
export function drawLinks(canvas: Canvas, ends: Drawing["ends"]): DrawnLink[] {
  return canvas.links.flatMap((link) => {
    const from = ends.get(link.from);
    const to = ends.get(link.to);
    if (from === undefined || to === undefined) return [];
    const way = wayOf(from, to, link.route);
    const tracks = lanesOf(way).map(trackOf);
    return [{ link, path: pathOf(way), heads: headsOf(way), label: labelOf(way), tracks }];
  });
}

/** Width of a line by its rate: each factor of ten is one pixel and a half. */
export function widthOf(rate: number | null): number {
  return rate === null || rate <= 0 ? 1.5 : Math.min(7, 1.5 + 1.5 * Math.log10(1 + rate / 10));
}
