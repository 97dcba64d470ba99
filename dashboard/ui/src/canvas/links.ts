import type { Canvas, Link, XY } from "../wire";
import type { Drawing } from "./boxes";
import { detour } from "./detour";
import { crosses, headsOf, labelsOf, lanesOf, overlap, pathOf, type Rect, sample, wayOf } from "./geometry";
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

/** Room of a rate above its line, in canvas pixels. */
const LABEL = { width: 60, height: 17 } as const;

const roomOf = ({ x, y }: XY): Rect => ({ x: x - LABEL.width / 2, y: y - LABEL.height - 4, ...LABEL });

/** The first of some places at which a rate covers neither a box nor another rate; else the first. */
function freeLabel(places: readonly XY[], taken: readonly Rect[]): XY {
  const free = places.find((at) => !taken.some((rect) => overlap(rect, roomOf(at))));
  return free ?? places[0] ?? { x: 0, y: 0 };
}

/** The links of a canvas whose two ends are drawn. */
export function drawLinks(canvas: Canvas, ends: Drawing["ends"]): DrawnLink[] {
  const taken = [...ends.values()].map(({ rect }) => rect);
  return canvas.links.flatMap((link) => {
    const from = ends.get(link.from);
    const to = ends.get(link.to);
    if (from === undefined || to === undefined) return [];
    const way = wayOf(from, to, link.route);
    const tracks = lanesOf(way).map(trackOf);
    const label = freeLabel(labelsOf(way), taken);
    taken.push(roomOf(label));
    return [{ link, path: pathOf(way), heads: headsOf(way), label, tracks }];
  });
}

/** Width of a line by its rate: each factor of ten is one pixel and a half. */
export function widthOf(rate: number | null): number {
  return rate === null || rate <= 0 ? 1.5 : Math.min(7, 1.5 + 1.5 * Math.log10(1 + rate / 10));
}
