import { describe, expect, it } from "vitest";
import { rehearsed } from "../../bench/rehearsed";
import { readSession } from "../../bench/session";
import { Recording } from "../replay/recording";
import { runOf } from "../state/run";
import type { ReportDecision } from "../wire";
import {
  decisionRows,
  gridOf,
  letterOf,
  type Member,
  onGrid,
  overlaid,
  overlaidOf,
  replicasOf,
  sharedMarks,
  shareOf,
  whiskers,
} from "./model";
import { incomparable } from "./useMembers";

const play = readSession(new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url));

function member(place: number, scaled: boolean): Member {
  const { replay } = rehearsed(play, { id: `run-${place}`, name: `run-${place}`, scaled });
  const recording = new Recording();
  recording.load(replay);
  return { place, letter: letterOf(place), run: runOf(replay.snapshot), recording };
}
const members = [member(0, true), member(1, false)];

const decision = (of: Partial<ReportDecision>): ReportDecision => ({
  ...{ time: "", second: 0, rule: "api-server", action: "AddReplica", component: "api-server" },
  ...{ from: 1, to: 2, reason: "cpu" },
  ...of,
});

describe("the common line of time", () => {
  it("is as long as the longest run, in whole seconds", () => {
    const grid = gridOf(members);
    expect([grid[0], grid[1], grid.at(-1)]).toEqual([0, 1, 120]);
    expect(gridOf([])).toEqual([0]);
  });

  it("is no finer than what was measured in the coarsest steps, nor than a chart can show", () => {
    const coarse = new Recording();
    coarse.load({ ...rehearsed(play, { id: "c", name: "c", scaled: true }).replay, seconds: [0, 15, 30] });
    const [fine] = members;
    if (fine === undefined) throw new Error("there are members");
    expect(gridOf([fine, { ...fine, recording: coarse }]).slice(0, 3)).toEqual([0, 15, 30]);
    const long = { ...fine.run.phase, endedAt: (fine.run.phase.startedAt ?? 0) + 7200_000 };
    expect(gridOf([{ ...fine, run: { ...fine.run, phase: long } }])).toHaveLength(1201);
  });

  it("holds values that were measured in the step before, and nothing older", () => {
    expect(onGrid([0, 2, 4, 6, 8], [1, 3.5, 4, 4.5], [10, 35, 40, 45])).toEqual([null, 10, 40, 45, null]);
    expect(onGrid([0, 1], [0, 1], [null, 7])).toEqual([null, 7]);
    expect(onGrid([0], [], [])).toEqual([null]);
  });
});

describe("overlaid charts", () => {
  it("have a line for each run, told apart by more than colour", () => {
    for (const { lines, seconds } of overlaid(members)) {
      expect(lines.map(({ label, dashed }) => [label, dashed])).toEqual([
        ["A", undefined],
        ["B", true],
      ]);
      expect(new Set(lines.map(({ stroke }) => stroke)).size).toBe(2);
      for (const { values } of lines) expect(values).toHaveLength(seconds.length);
    }
  });

  it("show how large the architectures were", () => {
    const sizes = members.map((one) => replicasOf(one, [0, 60, 130]));
    expect(sizes).toEqual([
      [3, 4, null],
      [3, 3, null],
    ]);
  });

  it("of a component have what was measured in any of the runs", () => {
    const ids = (id: string) => overlaidOf(members, id).map((chart) => chart.id);
    expect(ids("api-server-2")).toContain("api-server-2/cpu");
    expect(ids("nobody")).toEqual([]);
  });

  it("mark what each run changed, in its own colour", () => {
    const marks = sharedMarks([...members, member(2, true)]);
    expect(marks.map(({ second, letter }) => [Math.round(second), letter])).toEqual([
      [44, "A"],
      [44, "C"],
    ]);
    expect(new Set(marks.map(({ stroke }) => stroke)).size).toBe(2);
    expect(new Set(marks.map(({ decision }) => decision)).size).toBe(2);
  });
});

describe("decisions side by side", () => {
  it("stand beside the same of the other runs, the nth beside the nth", () => {
    const rows = decisionRows([
      { decisions: [decision({ second: 40 }), decision({ second: 70, from: 2, to: 3 })] },
      { decisions: null },
      {
        decisions: [
          decision({ second: 30, action: "InsertCache", component: "database", added: "cache" }),
          decision({ second: 52 }),
        ],
      },
    ]);
    expect(rows.map(({ title, cells }) => [title, ...cells.map((cell) => cell?.second ?? null)])).toEqual([
      ["Insert cache cache at database", null, null, 30],
      ["Add replica · api-server", 40, null, 52],
      ["Add replica · api-server", 70, null, null],
    ]);
  });
});

describe("the noise", () => {
  it("lies where it lies beside the others", () => {
    const spreads = [
      { runs: 3, mean: 100, deviation: 10 },
      { runs: 1, mean: 140, deviation: 0 },
      { runs: 0, mean: 0, deviation: 0 },
    ];
    expect(whiskers(spreads)).toEqual([{ at: 0.2, from: 0, to: 0.4 }, { at: 1, from: 1, to: 1 }, null]);
    expect(whiskers([{ runs: 1, mean: 0, deviation: 0 }])).toEqual([{ at: 0.5, from: 0.5, to: 0.5 }]);
    expect(whiskers([])).toEqual([]);
  });

  it("has no share of nothing", () => {
    const of = (mean: number) => ({ runs: 1, mean, deviation: 0 });
    expect([shareOf(of(150), of(100)), shareOf(of(50), of(100)), shareOf(of(5), of(0))]).toEqual([
      50,
      -50,
      null,
    ]);
  });
});

it.each([
  [[], /at least two/],
  [["a"], /at least two/],
  [["a", "b", "a"], /twice/],
  [Array.from({ length: 11 }, (_, place) => String(place)), /At most 10/],
] as const)("%j cannot be compared", (ids, why) => {
  expect(incomparable(ids).join()).toMatch(why);
});

it("two and more can be compared", () => {
  expect(incomparable(["a", "b"])).toEqual([]);
});
