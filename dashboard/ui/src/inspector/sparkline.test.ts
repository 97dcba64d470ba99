import { describe, expect, it } from "vitest";
import { sparkline, window } from "./sparkline";

describe("sparkline", () => {
  it("holds the threshold in its scale", () => {
    const { threshold, top } = sparkline([10, 20], 80, 100, 44);
    expect(top).toBeCloseTo(88);
    expect(threshold).toBeCloseTo(4);
  });

  it("leaves gaps where nothing was measured", () => {
    expect(sparkline([1, null, 1, 1], null, 30, 10).path.match(/[ML]/g)?.join("")).toBe("MML");
  });

  it("draws nothing of nothing", () => {
    expect(sparkline([null, null], null, 30, 10)).toMatchObject({ path: "", threshold: null });
  });
});

it("window takes the seconds that are asked for", () => {
  expect(window([0, 1, 2, 3], [5, null, 7, 8], 1, 2)).toEqual([null, 7]);
});
