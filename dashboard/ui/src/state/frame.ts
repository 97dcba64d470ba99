import type { Canvas, FeedTick, MetricColumn, Total } from "../wire";

/**
 * What was measured at one moment, by id. Null is what was not measured, which
 * is not zero. Live ticks and replayed seconds give the same shape.
 */
export interface Frame {
  /** When it was measured, in milliseconds since 1970. */
  at: number;
  /** The metric of a component or an instance. */
  value(id: string, column: MetricColumn): number | null;
  /** Calls a second over a link. */
  linkRate(id: string): number | null;
  /** End to end; null when the source does not answer. */
  total: Total | null;
}

/** Nothing was measured. */
export const EMPTY_FRAME: Frame = {
  at: 0,
  value: () => null,
  linkRate: () => null,
  total: null,
};

const positions = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function indexOf(ids: readonly string[]): ReadonlyMap<string, number> {
  let index = positions.get(ids);
  if (index === undefined) {
    index = new Map(ids.map((id, place) => [id, place]));
    positions.set(ids, index);
  }
  return index;
}

/** The frame of a tick, or null when the tick belongs to another topology. */
export function frameOf(canvas: Canvas, tick: FeedTick): Frame | null {
  if (tick.order !== canvas.order) return null;
  const ids = indexOf(canvas.ids);
  const links = indexOf(canvas.linkIds);
  return {
    at: tick.t,
    total: tick.total,
    value(id, column) {
      const place = ids.get(id);
      return place === undefined ? null : (tick.cols[column]?.[place] ?? null);
    },
    linkRate(id) {
      const place = links.get(id);
      return place === undefined ? null : (tick.links?.[place] ?? null);
    },
  };
}
