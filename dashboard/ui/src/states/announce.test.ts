import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { INITIAL_FEED, reduce } from "../state/run";
import type { FeedMessage } from "../wire";
import { announcement } from "./announce";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const before = session.slice(0, 2).reduce(reduce, INITIAL_FEED).run;
const now = session.reduce(reduce, INITIAL_FEED).run;
if (before === null || now === null) throw new Error("the golden session has no snapshot");

describe("an announcement", () => {
  it("tells what was applied and how the run stands, not what was held back", () => {
    expect(announcement(before, now)).toBe(
      "Add replica api-server: CPU overload (85.5%). The run: objectives met.",
    );
  });

  it("is nothing at first, and nothing while only numbers change", () => {
    expect(announcement(null, now)).toBe("");
    expect(announcement(now, { ...now, alerts: [] })).toBe("");
  });
});
