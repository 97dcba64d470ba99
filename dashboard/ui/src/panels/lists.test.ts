import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { INITIAL_FEED, reduce } from "../state/run";
import type { FeedMessage, RunSummary } from "../wire";
import { progressOf } from "./progress";
import { ANYTHING, foundRuns, partsOf, type Wanted } from "./runlist";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const run = session.slice(0, 2).reduce(reduce, INITIAL_FEED).run;
if (run === null) throw new Error("the golden session has no snapshot");
const running = run;

describe("progress", () => {
  it.each([
    [-1, 0],
    [60, 0.5],
    [500, 1],
  ])("after %s s of 120 is %s", (second, share) => {
    expect(progressOf(running, second, 120)).toMatchObject({ share, tone: "running" });
  });

  it("of a run that missed its objectives is bad", () => {
    const missed = { ...running, phase: { ...running.phase, stage: "ObjectivesMissed" } };
    expect(progressOf(missed, 120, 120).tone).toBe("bad");
  });
});

const at = (id: string, createdAt: number, of: Partial<RunSummary> = {}): RunSummary => ({
  ...running.summary,
  id,
  createdAt,
  ...of,
});
const finished = { finished: true, stage: "ObjectivesMet", verdict: "Met" };

describe("runs", () => {
  const runs = [
    running.summary,
    at("2", 1, { ...finished, name: "black-friday", startedBy: "Ada" }),
    at("3", 1, { ...finished, kept: true }),
  ];
  it.each([
    [{}, 3],
    [{ search: "friday" }, 1],
    [{ search: " default/scenario" }, 2],
    [{ search: "objectives met" }, 2],
    [{ search: "SHOP" }, 3],
    [{ search: "ada" }, 1],
    [{ search: "nothing" }, 0],
    [{ kind: "running" }, 1],
    [{ kind: "finished" }, 1],
    [{ kind: "kept" }, 1],
    [{ verdict: "Met" }, 2],
    [{ verdict: "Met", kind: "kept", search: "black" }, 0],
  ] as const)("wanted as %j are %s", (wanted, count) => {
    expect(foundRuns(runs, { ...ANYTHING, ...wanted })).toHaveLength(count);
  });
});

describe("the list of runs", () => {
  const parts = (more: boolean, wanted: Partial<Wanted> = {}) => {
    const cluster = [at("b", 20, finished), at("run", 5), at("old", 7, finished)];
    const kept = [at("c", 10, { ...finished, kept: true }), at("b", 20, { ...finished, kept: true })];
    const { running, ended } = partsOf(cluster, kept, more, { ...ANYTHING, ...wanted });
    return [running, ended].map((part) => part.map(({ id, kept }) => (kept ? `${id} kept` : id)));
  };

  it("has what goes on first, then what ended, the newest first and each once", () => {
    expect(parts(false)).toEqual([["run"], ["b", "c kept", "old"]]);
  });

  it("ends with the last kept run that is here, while there are more", () => {
    expect(parts(true)).toEqual([["run"], ["b", "c kept"]]);
    expect(parts(true, { kind: "finished" })).toEqual([[], ["b", "old"]]);
  });

  it("leaves what kept runs are searched for to the history", () => {
    expect(parts(false, { search: "of a namespace" })).toEqual([[], ["c kept"]]);
  });
});
