import { expect, it } from "vitest";
import { holds, lineOf, median, type Outcome } from "./goals";

const seek: Outcome = { what: "seek", measured: 50, bound: "at most", goal: 50, unit: "ms" };

it("a goal holds up to its bound", () => {
  expect([holds(seek), holds({ ...seek, measured: 50.1 })]).toEqual([true, false]);
  expect(holds({ ...seek, bound: "at least", measured: 49 })).toBe(false);
});

it("a line says whether it does", () => {
  expect(lineOf(seek)).toMatch(/^seek +50 ms +at most 50 +holds$/);
  expect(lineOf({ ...seek, measured: 60.25 })).toMatch(/60\.3 ms +at most 50 +MISSED$/);
});

it("the median is the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  expect(() => median([])).toThrow("no median");
});
