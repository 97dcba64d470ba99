import type { Canvas, Link, XY } from "../wire";
import type { Drawing } from "./boxes";
import { detour } from "./detour";
import { crosses, headsOf, labelOf, lanesOf, pathOf, sample, wayOf } from "./geometry";
import { type Track, trackOf } from "./particles";

/** A link ready to be drawn. */
export interface DrawnLink {
  link: Link;
  path: string;
  heads: string;
  label: XY;
  tracks: readonly Track[];
}

/**
 * A canvas on which boxes were moved, with a way around them for each link that
 * the layout had led elsewhere or that one of them now stands in the way of.
 */
export function ledAround(canvas: Canvas, ends: Drawing["ends"], moved: ReadonlyMap<string, XY>): Canvas {
  if (moved.size === 0) return canvas;
  const lead = (link: Link): Link => {
    const from = ends.get(link.from);
    const to = ends.get(link.to);
    if (from === undefined || to === undefined) return link;
    const others = [...ends].filter(([id]) => id !== link.from && id !== link.to);
    const points = sample(wayOf(from, to, link.route).trunk);
    const touched = moved.has(link.from) || moved.has(link.to);
    if (!touched && !others.some(([id, { rect }]) => moved.has(id) && crosses(points, rect))) return link;
    return {
      ...link,
      route: detour(
        from.rect,
        to.rect,
        others.map(([, { rect }]) => rect),
      ),
    };
  };
  return { ...canvas, links: canvas.links.map(lead) };
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
