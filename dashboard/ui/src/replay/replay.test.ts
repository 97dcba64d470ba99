import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EMPTY_FRAME } from "../state/frame";
import { INITIAL_FEED, reduce } from "../state/run";
import type { FeedMessage, FeedSnapshot, Replay } from "../wire";
import { Recording, sampleAt } from "./recording";
import { marks, runAt } from "./runat";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);

const run = session.reduce(reduce, INITIAL_FEED).run;
if (run === null) throw new Error("the golden session has no snapshot");
const startedAt = run.phase.startedAt ?? 0;
const applied = 44;
const appeared = (1767225646905 - startedAt) / 1000;

describe("a run", () => {
  it("shows at its end what it shows live", () => {
    expect(runAt(run, Number.POSITIVE_INFINITY)).toEqual(run);
  });

  it("shows a replica from the second it appeared", () => {
    const replicas = (second: number) =>
      runAt(run, startedAt + second * 1000).topology.nodes.find((node) => node.id === "api-server")?.instances
        .length;
    expect(replicas(appeared - 0.1)).toBe(1);
    expect(replicas(appeared)).toBe(2);
  });

  it("shows a decision only as far as it had come", () => {
    const decision = runAt(run, startedAt + applied * 1000).decisions.find(({ id }) => id === "d1");
    expect(decision).toMatchObject({ stage: "applied", open: true, effect: null, readySeconds: null });
    expect(runAt(run, startedAt + (applied - 1) * 1000).decisions.some(({ id }) => id === "d1")).toBe(false);
  });

  it("shows an alert as lasting until it cleared", () => {
    const [alert] = runAt(run, (run.alerts[0]?.t ?? 0) + 1).alerts;
    expect(alert?.clearedAt).toBeNull();
  });

  it("marks the decisions that changed it", () => {
    expect(marks(run, startedAt).map((mark) => [mark.second, mark.decision.id])).toEqual([[applied, "d1"]]);
  });
});

describe("samples", () => {
  it.each([
    [-1, -1],
    [0, 0],
    [1.5, 1],
    [99, 3],
  ])("at second %s are number %s", (second, place) => {
    expect(sampleAt([0, 1, 2, 5], second)).toBe(place);
  });

  const replay: Replay = {
    snapshot: session[1] as FeedSnapshot,
    startedAt,
    seconds: [0, 1, 2],
    series: [
      { id: "api-server", metric: "cpu", values: [10, null, 30] },
      { id: "a>b", metric: "rate", values: [1, 2, 3] },
    ],
    total: { p99: [5, 6, null], rate: [100, 101, 102] },
  };
  const recorded = () => {
    const recording = new Recording();
    recording.load(replay);
    return recording;
  };
  const live = (cpu: number) => ({
    ...EMPTY_FRAME,
    value: (id: string) => (id === "api-server" ? cpu : null),
    linkRate: () => 7,
  });

  it("replay what was measured, and null for what was not", () => {
    const recording = recorded();
    expect(recording.frameAt(0.5).value("api-server", "cpu")).toBe(10);
    expect(recording.frameAt(1).value("api-server", "cpu")).toBeNull();
    expect(recording.frameAt(2).linkRate("a>b")).toBe(3);
    expect(recording.frameAt(1).total).toMatchObject({ p99: 6, rate: 101, target: null });
    expect(recording.frameAt(-1).total).toBeNull();
    expect(recording.values("api-server", "cpu")).toEqual([10, null, 30]);
  });

  it("go on live, once a second", () => {
    const recording = recorded();
    for (const [second, cpu] of [
      [3, 40],
      [3.4, 41],
      [4, 42],
    ] as const) {
      recording.append(second, live(cpu), run.topology, run.columns);
    }
    expect(recording.seconds).toEqual([0, 1, 2, 3, 4]);
    expect(recording.values("api-server", "cpu")).toEqual([10, null, 30, 40, 42]);
    expect(recording.values("api-server>database", "rate")).toEqual([null, null, null, 7, 7]);
  });

  it.each([
    [60, 15, 300],
    [60, 5, 400],
    [60, 100, null],
    [20, 5, null],
  ])("know the lowest target before second %s for %s s: %s", (until, seconds, want) => {
    const recording = new Recording();
    recording.load({
      snapshot: session[1] as FeedSnapshot,
      startedAt,
      seconds: [40, 50, 60],
      series: [],
      total: { target: [200, 300, 400] },
    });
    expect(recording.lowestTarget(until, seconds)).toBe(want);
  });

  it("keep what was heard live when the history arrives after it", () => {
    const recording = new Recording();
    recording.append(2, live(99), run.topology, run.columns);
    recording.append(3, live(40), run.topology, run.columns);
    recording.load(replay);
    expect(recording.values("api-server", "cpu")).toEqual([10, null, 30, 40]);
  });
});
