import { describe, expect, it } from "vitest";
import type { XY } from "../wire";
import { detour } from "./detour";
import { crosses, type Rect, rectAt, sample, wayOf } from "./geometry";

const at = (x: number, y: number) => rectAt({ x, y });

function crossed(from: Rect, to: Rect, route: readonly XY[], others: readonly Rect[]): number {
  const points = sample(wayOf({ rect: from, replicas: [] }, { rect: to, replicas: [] }, route).trunk);
  return others.filter((other) => crosses(points, other)).length;
}

describe("detour", () => {
  it("leaves a free way straight", () => {
    expect(detour(at(0, 0), at(600, 0), [at(300, 132)])).toEqual([]);
  });

  it.each<[string, Rect, Rect, Rect[]]>([
    ["one box between", at(0, 0), at(600, 0), [at(300, 0)]],
    ["three in a row", at(0, 0), at(1200, 0), [at(300, 0), at(600, 0), at(900, 0)]],
    ["a wall with a gap", at(0, 0), at(600, 0), [at(300, -132), at(300, 0), at(300, 132)]],
    ["a way back", at(600, 0), at(0, 0), [at(300, 0)]],
  ])("goes around %s", (_, from, to, others) => {
    const route = detour(from, to, others);
    expect(crossed(from, to, [], others)).toBeGreaterThan(0);
    expect(crossed(from, to, route, others)).toBe(0);
  });
});
