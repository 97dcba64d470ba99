import { describe, expect, it } from "vitest";
import type { Total } from "../wire";
import { type Draft, FIRST_DRAFT, faultsOf, runDraftOf } from "./draft";
import {
  formAs,
  generatorLimit,
  MAX_RATE,
  parseRate,
  planOf,
  planPoints,
  planUntil,
  positionOf,
  rateAt,
  SLIDER_STEPS,
  scaled,
  trafficLine,
} from "./traffic";

describe("the slider", () => {
  it("goes from nothing over one to the most", () => {
    expect([0, 1, SLIDER_STEPS].map(rateAt)).toEqual([0, 1, MAX_RATE]);
  });

  it("finds a rate again to within three percent", () => {
    for (const rate of [1, 7, 50, 100, 1500, 12_000, MAX_RATE]) {
      expect(Math.abs(rateAt(positionOf(rate)) - rate) / rate).toBeLessThanOrEqual(0.03);
    }
  });

  it("rises with every step", () => {
    for (let position = 1; position <= SLIDER_STEPS; position++) {
      expect(rateAt(position)).toBeGreaterThanOrEqual(rateAt(position - 1));
    }
  });

  it.each([
    [0, 2, 2],
    [100, 10, 1000],
    [150_000, 2, MAX_RATE],
  ])("times: %s x%s is %s", (rate, factor, want) => {
    expect(scaled(rate, factor)).toBe(want);
  });

  it.each([
    ["2000", 2000],
    [" 2,000 ", 2000],
    ["1.5k", 1500],
    ["200001", null],
    ["-1", null],
    ["", null],
    ["many", null],
  ])("reads %j as %s", (text, want) => {
    expect(parseRate(text)).toBe(want);
  });
});

describe("the generator", () => {
  const total = (values: Partial<Total>): Total => ({
    target: 1000,
    rate: 990,
    p50: 1,
    p95: 1,
    p99: 1,
    errorRate: 0,
    lagP99: 0.4,
    offered: 0,
    answered: 0,
    failed: 0,
    dropped: 0,
    ...values,
  });
  it.each([
    [{}, 1000, null],
    [{ lagP99: 101 }, 1000, /101 ms late/],
    [{ rate: 880 }, 1000, /Only 880 req\/s of 1,000 req\/s/],
    [{ rate: 880 }, 900, null],
    [{ rate: 880 }, null, null],
    [{ rate: null }, 1000, null],
    [{ rate: 2 }, 5, null],
  ] as const)("with %o and lately at least %s", (values, target, want) => {
    const words = generatorLimit(total(values), target);
    if (want === null) expect(words).toBeNull();
    else expect(words).toMatch(want);
  });
});

describe("a form", () => {
  const rates = (form: Draft["form"], duration = 120) =>
    planOf(form, duration).map(({ second, requestsPerSecond }) => [second, requestsPerSecond]);

  it("ramps, spikes and stages as the manager plays it", () => {
    expect(rates({ kind: "Ramp", rate: 100, peak: 1000 })).toEqual([
      [0, 100],
      [120, 1000],
    ]);
    expect(rates({ kind: "Spike", rate: 10, peak: 100 })).toEqual([
      [0, 10],
      [40, 10],
      [50, 100],
      [70, 100],
      [80, 10],
      [120, 10],
    ]);
    const stages = [
      { durationSeconds: 30, rate: 100, step: false },
      { durationSeconds: 30, rate: 50, step: true },
    ];
    expect(rates({ kind: "Stages", rate: 10, stages })).toEqual([
      [0, 10],
      [30, 100],
      [30, 50],
      [60, 50],
      [120, 50],
    ]);
  });

  it("waves from low over high to low", () => {
    const plan = planOf({ kind: "Wave", rate: 0, peak: 100, periodSeconds: 60 }, 90);
    const at = (second: number) => plan.find((point) => Math.abs(point.second - second) < 1e-6);
    expect(at(0)?.requestsPerSecond).toBeCloseTo(0);
    expect(at(30)?.requestsPerSecond).toBeCloseTo(100);
    expect(at(60)?.requestsPerSecond).toBeCloseTo(0);
    expect(plan.at(-1)?.second).toBe(90);
  });

  it("keeps its rate when it becomes another, and stays without fault", () => {
    const kinds = ["Constant", "Ramp", "Spike", "Wave", "Stages"] as const;
    for (const kind of kinds) {
      const form = formAs({ kind: "Ramp", rate: 70, peak: 900 }, kind, 180);
      expect(form).toMatchObject({ kind, rate: 70 });
      expect(faultsOf({ ...FIRST_DRAFT, graph: "shop", form })).toEqual([]);
    }
  });

  it("holds its last rate to the end, and is none for a replay", () => {
    const plan = [
      { second: 0, requestsPerSecond: 1 },
      { second: 20, requestsPerSecond: 9 },
    ];
    expect(planUntil(plan, 60)).toEqual([...plan, { second: 60, requestsPerSecond: 9 }]);
    expect(planUntil(plan, 20)).toEqual(plan);
    expect(planUntil([], 60)).toEqual([]);
  });

  it("shows what was targeted, and after a pause what is planned", () => {
    const plan = [0, 50, 120].map((second) => ({ second, requestsPerSecond: 100 + second }));
    const drawn = trafficLine([40, 41, 42], [300, null, 310], plan, 10);
    expect(drawn.map(({ second, requestsPerSecond }) => [second, requestsPerSecond])).toEqual([
      [0, 100],
      [40, 300],
      [42, 310],
      [60, 150],
      [130, 220],
    ]);
    expect(trafficLine([], [], plan, 0)).toEqual(plan);
    const long = Array.from({ length: 3600 }, (_, second) => second);
    expect(trafficLine(long, long, [], 0).length).toBeLessThanOrEqual(500);
  });

  it("is drawn to the edges", () => {
    expect(planPoints(planOf({ kind: "Ramp", rate: 0, peak: 10 }, 60), 100, 20)).toBe("0,20 100,0");
  });
});

describe("a draft", () => {
  const draft: Draft = { ...FIRST_DRAFT, graph: "shop", namespace: "team-a" };

  it.each<[string, Partial<Draft>, RegExp]>([
    ["no graph", { graph: "" }, /^Graph: choose/],
    ["no time", { durationSeconds: 0 }, /^Duration/],
    ["a mix of 90", { mix: { read: 80, write: 10, static: 0, async: 0 } }, /add up to 90 %/],
    ["half a rate", { form: { kind: "Constant", rate: 0.5 } }, /^Rate/],
    ["a peak too high", { form: { kind: "Ramp", rate: 1, peak: 200_001 } }, /^Peak/],
    ["a short wave", { form: { kind: "Wave", rate: 1, peak: 2, periodSeconds: 1 } }, /^Period/],
    ["no stages", { form: { kind: "Stages", rate: 1, stages: [] } }, /add at least one/],
    [
      "an empty stage",
      { form: { kind: "Stages", rate: 1, stages: [{ durationSeconds: 0, rate: 1, step: true }] } },
      /^Stage 1: write a duration/,
    ],
    ["no latency", { p99Ms: 0 }, /^p99/],
  ])("with %s is told what to write", (_, change, want) => {
    const faults = faultsOf({ ...draft, ...change });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(want);
  });

  it("becomes a Simulation", () => {
    expect(runDraftOf(draft)).toEqual({
      namespace: "team-a",
      spec: {
        graphRef: { name: "shop" },
        durationSeconds: 180,
        seed: 1,
        traffic: {
          requestsPerSecond: 100,
          shape: { kind: "Ramp", peakRequestsPerSecond: 1000 },
          mix: { readPercent: 80, writePercent: 20, staticPercent: 0, asyncPercent: 0 },
        },
        autoScaling: { enabled: true, mode: "Act" },
        objectives: [{ name: "p99", latency: { percentile: 99, threshold: "500ms" } }],
      },
    });
    expect(runDraftOf({ ...draft, p99Ms: null }).spec.objectives).toBeUndefined();
  });
});
