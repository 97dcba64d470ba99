import type { Rect, View } from "./geometry";

/** The canvas can be seen from this far; small enough for any graph to fit. */
export const MIN_ZOOM = 0.02;
/** And from this near. */
export const MAX_ZOOM = 2.5;
/** A small graph is not blown up beyond this when it is fitted. */
const FIT_ZOOM = 1.25;

/** How much of a box can be read at a zoom. */
export type Level = "far" | "mid" | "near";

export function levelOf(zoom: number): Level {
  if (zoom < 0.45) return "far";
  return zoom < 1.1 ? "mid" : "near";
}

/** The view that shows all of a rectangle in the middle of a screen, with a margin in screen pixels. */
export function fitView(rect: Rect, width: number, height: number, margin = 32): View {
  const room = (size: number) => Math.max(1, size - 2 * margin);
  const scale = Math.min(room(width) / Math.max(1, rect.width), room(height) / Math.max(1, rect.height));
  const zoom = Math.min(FIT_ZOOM, Math.max(MIN_ZOOM, scale));
  return {
    x: width / 2 - (rect.x + rect.width / 2) * zoom,
    y: height / 2 - (rect.y + rect.height / 2) * zoom,
    zoom,
  };
}
