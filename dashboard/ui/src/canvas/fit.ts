import type { Rect, View } from "./geometry";

/** The canvas can be seen from this far; small enough for any graph to fit. */
export const MIN_ZOOM = 0.02;
/** And from this near. */
export const MAX_ZOOM = 2.5;
/** A small graph is not blown up beyond this when it is fitted. */
const FIT_ZOOM = 1.25;

/** Screen pixels that stay free: what lies over the canvas is above and below it. */
const MARGIN = { across: 28, along: 52 } as const;

/** How much of a box can be read at a zoom: its name and state, its rate too, or everything. */
export type Level = "far" | "low" | "mid" | "near";

export function levelOf(zoom: number): Level {
  if (zoom < 0.45) return "far";
  if (zoom < 0.75) return "low";
  return zoom < 1.1 ? "mid" : "near";
}

/** Size of a name in canvas pixels: it grows as the view goes away, so that it is 11 pixels on the screen or more while it fits its box. */
export function typeOf(zoom: number): number {
  return Math.round(2 * Math.min(26, Math.max(13, 11.5 / zoom))) / 2;
}

/** The view that shows all of a rectangle in the middle of a screen. */
export function fitView(rect: Rect, width: number, height: number): View {
  const across = Math.max(1, width - 2 * MARGIN.across);
  const along = Math.max(1, height - 2 * MARGIN.along);
  const scale = Math.min(across / Math.max(1, rect.width), along / Math.max(1, rect.height));
  const zoom = Math.min(FIT_ZOOM, Math.max(MIN_ZOOM, scale));
  return {
    x: width / 2 - (rect.x + rect.width / 2) * zoom,
    y: height / 2 - (rect.y + rect.height / 2) * zoom,
    zoom,
  };
}
