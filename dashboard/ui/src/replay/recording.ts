import { EMPTY_FRAME, type Frame } from "../state/frame";
import type { Canvas, Column, MetricColumn, Replay, Total } from "../wire";

/** Names of the end-to-end series. */
export type TotalName = "target" | "rate" | "p50" | "p95" | "p99" | "errorRate" | "lagP99";

const totals: readonly TotalName[] = ["target", "rate", "p50", "p95", "p99", "errorRate", "lagP99"];
const TOTAL = "";

/**
 * What was measured of a run, second by second: loaded from the server's
 * history, then continued from live ticks. NaN stands for what was not measured.
 */
export class Recording {
  /** Second 0 in milliseconds since 1970. */
  startedAt = 0;
  /** Seconds at which was measured, rising. */
  readonly seconds: number[] = [];
  readonly #series = new Map<string, Map<string, number[]>>();

  /** Takes the server's history over. What was already heard live after it stays. */
  load(replay: Replay): void {
    const later = this.#after(replay.seconds.at(-1) ?? Number.NEGATIVE_INFINITY);
    this.startedAt = replay.startedAt;
    this.seconds.length = 0;
    this.#series.clear();
    this.seconds.push(...replay.seconds);
    for (const { id, metric, values } of replay.series) {
      this.#put(id, metric, values);
    }
    for (const [name, values] of Object.entries(replay.total)) this.#put(TOTAL, name, values ?? []);
    for (const { second, frame, ids } of later) this.#push(second, frame, ids);
  }

  /** Continues with what was measured at a second; at most one sample a second is kept. */
  append(second: number, frame: Frame, canvas: Canvas, columns: readonly Column[]): void {
    const last = this.seconds.at(-1);
    if (last !== undefined && second - last < 0.9) return;
    const ids = new Map<string, string[]>(canvas.ids.map((id) => [id, columns.map(({ name }) => name)]));
    for (const id of canvas.linkIds) ids.set(id, ["rate"]);
    ids.set(TOTAL, [...totals]);
    this.#push(second, frame, ids);
  }

  /** A metric of a component, an instance or a link ("rate"), beside seconds. */
  values(id: string, metric: string): readonly (number | null)[] {
    const values = this.#series.get(id)?.get(metric) ?? [];
    return this.seconds.map((_, place) => orNull(values[place]));
  }

  /** An end-to-end metric, beside seconds. */
  totalValues(name: TotalName): readonly (number | null)[] {
    return this.values(TOTAL, name);
  }

  /** The lowest target in the seconds before a second of the run; null if it was not measured for so long. */
  lowestTarget(until: number, seconds: number): number | null {
    const from = until - seconds;
    if ((this.seconds[0] ?? Number.POSITIVE_INFINITY) > from) return null;
    const targets = this.totalValues("target").filter((target, place) => {
      const second = this.seconds[place] as number;
      return target !== null && second >= from && second <= until;
    });
    return targets.length === 0 ? null : Math.min(...(targets as number[]));
  }

  /** What was measured at a second of the run. */
  frameAt(second: number): Frame {
    const place = sampleAt(this.seconds, second);
    const at = this.startedAt + second * 1000;
    if (place < 0) return { ...EMPTY_FRAME, at };
    return {
      at,
      value: (id: string, column: MetricColumn) => this.#read(id, column, place),
      linkRate: (id: string) => this.#read(id, "rate", place),
      total: this.#totalAt(place),
    };
  }

  #read(id: string, metric: string, place: number): number | null {
    return orNull(this.#series.get(id)?.get(metric)?.[place]);
  }

  #totalAt(place: number): Total {
    const at = (name: string) => this.#read(TOTAL, name, place);
    return {
      target: at("target"),
      rate: at("rate"),
      p50: at("p50"),
      p95: at("p95"),
      p99: at("p99"),
      errorRate: at("errorRate"),
      lagP99: at("lagP99"),
      offered: at("offered") ?? 0,
      answered: at("answered") ?? 0,
      failed: at("failed") ?? 0,
      dropped: at("dropped") ?? 0,
    };
  }

  #put(id: string, metric: string, values: readonly (number | null)[]): void {
    this.#metrics(id).set(
      metric,
      values.map((value) => value ?? Number.NaN),
    );
  }

  #metrics(id: string): Map<string, number[]> {
    const metrics = this.#series.get(id) ?? new Map<string, number[]>();
    this.#series.set(id, metrics);
    return metrics;
  }

  #push(second: number, frame: Frame, ids: ReadonlyMap<string, readonly string[]>): void {
    const place = this.seconds.length;
    this.seconds.push(second);
    for (const [id, metrics] of ids) {
      for (const metric of metrics) {
        const value = metricOf(frame, id, metric);
        if (value !== null) this.#place(id, metric, place, value);
      }
    }
  }

  #place(id: string, metric: string, place: number, value: number): void {
    const metrics = this.#metrics(id);
    const values = metrics.get(metric) ?? [];
    while (values.length < place) values.push(Number.NaN);
    values[place] = value;
    metrics.set(metric, values);
  }

  #after(second: number): { second: number; frame: Frame; ids: Map<string, string[]> }[] {
    const copy = new Map([...this.#series].map(([id, metrics]) => [id, new Map(metrics)]));
    const ids = new Map([...copy].map(([id, metrics]) => [id, [...metrics.keys()]]));
    return this.seconds.flatMap((at, place) => {
      if (at <= second) return [];
      const read = (id: string, metric: string) => orNull(copy.get(id)?.get(metric)?.[place]);
      const total = Object.fromEntries(totals.map((name) => [name, read(TOTAL, name)])) as unknown as Total;
      const frame: Frame = {
        at: 0,
        value: read,
        linkRate: (id) => read(id, "rate"),
        total,
      };
      return [{ second: at, frame, ids }];
    });
  }
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function metricOf(frame: Frame, id: string, metric: string): number | null {
  if (id === TOTAL) return frame.total?.[metric as TotalName] ?? null;
  return metric === "rate" ? frame.linkRate(id) : frame.value(id, metric as MetricColumn);
}

/** The place of the last sample that is not after a second; -1 before the first. */
export function sampleAt(seconds: readonly number[], second: number): number {
  let low = -1;
  let high = seconds.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((seconds[middle] as number) <= second) low = middle;
    else high = middle;
  }
  return low;
}
