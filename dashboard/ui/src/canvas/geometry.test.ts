import { describe, expect, it } from "vitest";
import { bounds, crosses, type End, labelOf, lanesOf, pathOf, rectAround, sample, wayOf } from "./geometry";

const single = (x: number, y: number): End => ({ rect: rectAround({ x, y }), replicas: [] });

describe("ways", () => {
  it("lead from side to side when boxes stand beside each other", () => {
    const way = wayOf(single(0, 0), single(300, 0), []);
    expect(way.trunk[0]?.from).toEqual({ x: 95, y: 0 });
    expect(way.trunk[0]?.to).toEqual({ x: 205, y: 0 });
    expect(pathOf(way)).toBe("M95,0C150,0 150,0 205,0");
  });

  it("lead from bottom to top when they stand below each other", () => {
    const way = wayOf(single(0, 0), single(0, 200), []);
    expect(way.trunk[0]?.from).toEqual({ x: 0, y: 46 });
    expect(way.trunk[0]?.to).toEqual({ x: 0, y: 154 });
  });

  it("pass the points of their route", () => {
    const way = wayOf(single(0, 0), single(900, 0), [{ x: 450, y: 120 }]);
    expect(way.trunk.map((curve) => curve.to)).toEqual([
      { x: 450, y: 120 },
      { x: 805, y: 0 },
    ]);
    expect(crosses(sample(way.trunk), rectAround({ x: 450, y: 0 }))).toBe(false);
  });

  it("branch to the replicas of their ends, one lane each", () => {
    const replicas = [0, 110].map((y) => rectAround({ x: 300, y }));
    const way = wayOf(single(0, 0), { rect: bounds(replicas, 10), replicas }, []);
    expect(way.targets.map((branch) => branch.to)).toEqual([
      { x: 205, y: 0 },
      { x: 205, y: 110 },
    ]);
    expect(lanesOf(way).map((lane) => lane.at(-1))).toEqual([
      { x: 205, y: 0 },
      { x: 205, y: 110 },
    ]);
  });

  it("carry their label in the middle", () => {
    expect(labelOf(wayOf(single(0, 0), single(300, 0), [])).x).toBeCloseTo(150, 0);
  });
});

describe("bounds", () => {
  it("hold all and a margin", () => {
    expect(bounds([rectAround({ x: 0, y: 0 }, 10, 10), rectAround({ x: 20, y: 0 }, 10, 10)], 5)).toEqual({
      x: -10,
      y: -10,
      width: 40,
      height: 20,
    });
  });
});
