import { canvasAt, type Difference, difference } from "../state/topology";
import type { Canvas, CanvasChange } from "../wire";

/** A box is fresh for so long, in milliseconds. */
export const FRESH_MS = 10_000;
/** A box that left keeps its slot for so long, in milliseconds. */
export const LEAVING_MS = 60_000;

/** Equal for two times between which nothing came, aged or was forgotten: what to draw depends on it alone. */
export function newsKey(log: readonly CanvasChange[], at: number): string {
  const until = (time: number) => log.filter((change) => change.t <= time).length;
  return `${until(at)}/${until(at - FRESH_MS)}/${until(at - LEAVING_MS)}`;
}

/** What is fresh on a canvas and what has left it lately. */
export function newsOf(base: Canvas, log: CanvasChange[], now: Canvas, at: number): Difference {
  const left = difference(canvasAt(base, log, at - LEAVING_MS), now);
  return { ...left, fresh: difference(canvasAt(base, log, at - FRESH_MS), now).fresh };
}
