import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { INITIAL_FEED, reduce } from "../state/run";
import type { FeedMessage } from "../wire";
import { progressOf } from "./progress";
import { foundRuns } from "./RunsList";

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

describe("runs", () => {
  const runs = [
    running.summary,
    { ...running.summary, id: "2", name: "black-friday", stage: "ObjectivesMet" },
  ];
  it.each([
    ["", 2],
    ["scenario", 1],
    ["objectives met", 1],
    ["SHOP", 2],
    ["nothing", 0],
  ])("searched by %j are %s", (search, count) => {
    expect(foundRuns(runs, search)).toHaveLength(count);
  });
});
