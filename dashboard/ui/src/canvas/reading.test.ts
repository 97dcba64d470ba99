import { describe, expect, it } from "vitest";
import { EMPTY_FRAME, type Frame } from "../state/frame";
import { absence, readingOf } from "./reading";

const measured: Record<string, number> = { cpu: 85.5, memory: 120, requestRate: 1250, latencyP95: 145 };
const frame: Frame = { ...EMPTY_FRAME, value: (_, column) => measured[column] ?? null };

describe("a reading", () => {
  it("has each number with its unit, and bars that stay in their box", () => {
    expect(readingOf(frame, "api-1")).toMatchObject({
      rate: "1,250",
      p95: "145 ms",
      cpu: "86 %",
      cpuShare: 0.855,
      memoryShare: 1,
      condition: { health: "over" },
    });
  });

  it("never shows 0 for what was not measured", () => {
    const { queue, errors } = readingOf(frame, "api-1");
    expect([queue, errors]).toEqual(["–", "–"]);
    expect(readingOf(EMPTY_FRAME, "api-1").condition.words).toBe("No data");
  });
});

describe("absence", () => {
  it.each([
    ["live", null, null],
    ["pending", 12, "Pending 12 s"],
    ["pending", null, "Pending"],
    ["ghost", null, "Held back: dry run"],
    ["leaving", null, "Removed"],
  ] as const)("of a box that is %s", (state, seconds, want) => {
    expect(absence({ state, note: "DryRun" }, seconds)).toBe(want);
  });
});
