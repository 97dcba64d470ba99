import { formatMs, formatRate } from "../text/format";
import type { api, PlannedRate, Total } from "../wire";
import { courseOf, secondOf } from "./trace";

/** The most that a Simulation may ask for, in requests a second. */
export const MAX_RATE = 200_000;

/** Positions of the slider, from 0 to this. */
export const SLIDER_STEPS = 1000;

/** A generator this late behind its schedule makes a run invalid, in milliseconds. */
const MAX_LAG_MS = 100;

const clampRate = (rate: number) => Math.min(MAX_RATE, Math.max(0, Math.round(rate)));

/** Two significant digits, so that a drag stops at round rates. */
function rounded(rate: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, rate))) - 1);
  return clampRate(Math.round(rate / unit) * unit);
}

/** The rate at a position of the logarithmic slider: 0 at the left end, then 1 to MAX_RATE. */
export function rateAt(position: number): number {
  if (position <= 0) return 0;
  return rounded(MAX_RATE ** ((position - 1) / (SLIDER_STEPS - 1)));
}

/** The position of a rate on the slider. */
export function positionOf(rate: number): number {
  if (rate < 1) return 0;
  return Math.round(1 + ((SLIDER_STEPS - 1) * Math.log(clampRate(rate))) / Math.log(MAX_RATE));
}

/** The rate times a factor, within what is allowed; from nothing it starts at the factor. */
export function scaled(rate: number, factor: number): number {
  return clampRate(rate === 0 ? factor : rate * factor);
}

/** The rate that was typed, or null if it is none: 2000, 2,000, 2k and 1.5k are. */
export function parseRate(text: string): number | null {
  const match = /^\s*(\d[\d,]*(?:\.\d+)?)\s*(k?)\s*$/i.exec(text);
  if (match === null) return null;
  const rate = Number((match[1] ?? "").replaceAll(",", "")) * (match[2] === "" ? 1 : 1000);
  return rate <= MAX_RATE ? Math.round(rate) : null;
}

/**
 * Whether the generator itself is the limit, in words; null if it is not. The
 * rate is a mean over seconds, so that it is held against the lowest target of
 * lately: on a ramp it must be behind the target of now.
 */
export function generatorLimit(total: Total | null, target: number | null): string | null {
  if (total === null) return null;
  const { rate, lagP99 } = total;
  if (lagP99 !== null && lagP99 > MAX_LAG_MS) {
    return `The generator sends ${formatMs(lagP99)} late: it is the limit, not the architecture.`;
  }
  if (target !== null && rate !== null && target >= 10 && rate < 0.9 * target) {
    return `Only ${formatRate(rate)} of ${formatRate(target)} are sent: the generator is the limit, not the architecture.`;
  }
  return null;
}

/** How traffic changes over a run, as the start form draws it. */
export type Form =
  | { kind: "Constant"; rate: number }
  | { kind: "Ramp" | "Spike"; rate: number; peak: number }
  | { kind: "Wave"; rate: number; peak: number; periodSeconds: number }
  | { kind: "Stages"; rate: number; stages: readonly Stage[] }
  | { kind: "Trace"; rate: number; peak: number; file: string; counts: readonly number[] };

/** One stage of a form of stages. */
export interface Stage {
  durationSeconds: number;
  rate: number;
  step: boolean;
}

/** Points that draw one period of a wave. */
const WAVE_POINTS = 36;

function wave(low: number, high: number, period: number, duration: number): PlannedRate[] {
  const step = period / WAVE_POINTS;
  const count = Math.ceil(duration / step);
  return Array.from({ length: count + 1 }, (_, place) => {
    const second = Math.min(place * step, duration);
    const swing = (1 - Math.cos((2 * Math.PI * second) / period)) / 2;
    return { second, requestsPerSecond: low + (high - low) * swing };
  });
}

function staged(from: number, stages: readonly Stage[], duration: number): PlannedRate[] {
  const points: PlannedRate[] = [{ second: 0, requestsPerSecond: from }];
  let second = 0;
  for (const stage of stages) {
    if (stage.step) points.push({ second, requestsPerSecond: stage.rate });
    second += stage.durationSeconds;
    points.push({ second, requestsPerSecond: stage.rate });
  }
  const last = points.at(-1)?.requestsPerSecond ?? from;
  if (second < duration) points.push({ second: duration, requestsPerSecond: last });
  return points;
}

/** A recorded course, scaled to a peak and to the length of the run. */
function traced(counts: readonly number[], peak: number, duration: number): PlannedRate[] {
  const course = counts.length === 0 ? [0, 0] : courseOf(counts, duration);
  return course.map((share, place) => ({
    second: secondOf(place, course.length, duration),
    requestsPerSecond: Math.round(share * peak),
  }));
}

/** The corners of the rate that a form plans, as the manager will play it. */
export function planOf(form: Form, duration: number): PlannedRate[] {
  const at = (second: number, requestsPerSecond: number) => ({ second, requestsPerSecond });
  switch (form.kind) {
    case "Constant":
      return [at(0, form.rate), at(duration, form.rate)];
    case "Ramp":
      return [at(0, form.rate), at(duration, form.peak)];
    case "Spike":
      return [
        at(0, form.rate),
        at(duration / 3, form.rate),
        at((duration * 5) / 12, form.peak),
        at((duration * 7) / 12, form.peak),
        at((duration * 2) / 3, form.rate),
        at(duration, form.rate),
      ];
    case "Wave":
      return wave(form.rate, form.peak, form.periodSeconds, duration);
    case "Stages":
      return staged(form.rate, form.stages, duration);
    case "Trace":
      return traced(form.counts, form.peak, duration);
  }
}

/** A trace as stages from corner to corner. */
function stagesOf(corners: readonly PlannedRate[]): api.Traffic {
  return {
    requestsPerSecond: corners[0]?.requestsPerSecond ?? 0,
    stages: corners.slice(1).map(({ second, requestsPerSecond }, place) => ({
      durationSeconds: second - (corners[place]?.second ?? 0),
      requestsPerSecond,
      ramp: "Linear" as const,
    })),
  };
}

/** The form as a Simulation of so many seconds says it. */
export function trafficOf(form: Form, duration: number): api.Traffic {
  const base = { requestsPerSecond: form.rate };
  switch (form.kind) {
    case "Constant":
      return base;
    case "Ramp":
    case "Spike":
      return { ...base, shape: { kind: form.kind, peakRequestsPerSecond: form.peak } };
    case "Wave":
      return {
        ...base,
        shape: { kind: "Wave", peakRequestsPerSecond: form.peak, periodSeconds: form.periodSeconds },
      };
    case "Stages":
      return {
        ...base,
        stages: form.stages.map(({ durationSeconds, rate, step }) => ({
          durationSeconds,
          requestsPerSecond: rate,
          ramp: step ? "Step" : "Linear",
        })),
      };
    case "Trace":
      return stagesOf(traced(form.counts, form.peak, duration));
  }
}

/** The other kind of form with what the two have in common. */
export function formAs(form: Form, kind: Form["kind"], duration: number): Form {
  const { rate } = form;
  const peak = "peak" in form ? form.peak : Math.max(scaled(rate, 10), 1);
  switch (kind) {
    case "Constant":
      return { kind, rate };
    case "Ramp":
    case "Spike":
      return { kind, rate, peak };
    case "Wave":
      return { kind, rate, peak, periodSeconds: Math.max(2, Math.round(duration / 3)) };
    case "Stages":
      return {
        kind,
        rate,
        stages: [
          { durationSeconds: Math.max(1, Math.round(duration / 3)), rate: peak, step: false },
          { durationSeconds: Math.max(1, Math.round(duration / 3)), rate: peak, step: true },
        ],
      };
    case "Trace":
      return { kind, rate, peak, file: "", counts: [] };
  }
}

/** A plan cut off or held at its last rate until a second; empty stays empty. */
export function planUntil(plan: readonly PlannedRate[], second: number): PlannedRate[] {
  const kept = plan.filter((corner) => corner.second <= second);
  const last = kept.at(-1);
  return last === undefined || last.second === second ? kept : [...kept, { ...last, second }];
}

/** Of a long run so many seconds are drawn at most: more would not be seen. */
const DRAWN_SECONDS = 500;

/**
 * Traffic over a whole run: the targets of the seconds that were recorded, and
 * what is planned before and after them. Pauses of so many seconds put off what
 * is still to come.
 */
export function trafficLine(
  seconds: readonly number[],
  targets: readonly (number | null)[],
  plan: readonly PlannedRate[],
  pausedSeconds: number,
): PlannedRate[] {
  const first = seconds[0] ?? Number.POSITIVE_INFINITY;
  const last = seconds.at(-1) ?? Number.NEGATIVE_INFINITY;
  const every = Math.ceil(seconds.length / DRAWN_SECONDS);
  const was = seconds.flatMap((second, place) => {
    const target = targets[place] ?? null;
    return target === null || place % every !== 0 ? [] : [{ second, requestsPerSecond: target }];
  });
  if (was.length === 0) return [...plan];
  const later = plan.map((corner) => ({ ...corner, second: corner.second + pausedSeconds }));
  return [
    ...plan.filter(({ second }) => second < first),
    ...was,
    ...later.filter(({ second }) => second > last),
  ];
}

/** The points of an SVG polyline that fills width by height with a plan. */
export function planPoints(plan: readonly PlannedRate[], width: number, height: number): string {
  const end = Math.max(1, ...plan.map(({ second }) => second));
  const top = Math.max(1, ...plan.map(({ requestsPerSecond }) => requestsPerSecond));
  const round = (value: number) => Math.round(value * 10) / 10;
  return plan
    .map(
      ({ second, requestsPerSecond }) =>
        `${round((second / end) * width)},${round(height - (requestsPerSecond / top) * height)}`,
    )
    .join(" ");
}
