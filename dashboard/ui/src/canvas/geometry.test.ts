import { describe, expect, it } from "vitest";
import { bounds, crosses, type End, labelsOf, lanesOf, pathOf, rectAt, sample, wayOf } from "./geometry";

const single = (x: number, y: number): End => ({ rect: rectAt({ x, y }), replicas: [] });

describe("ways", () => {
  it("lead from side to side when boxes stand beside each other", () => {
    const way = wayOf(single(0, 0), single(300, 0), []);
    expect(way.trunk[0]?.from).toEqual({ x: 190, y: 46 });
    expect(way.trunk[0]?.to).toEqual({ x: 300, y: 46 });
    expect(pathOf(way)).toBe("M190,46C245,46 245,46 300,46");
  });

  it("lead from bottom to top when they stand below each other", () => {
    const way = wayOf(single(0, 0), single(0, 200), []);
    expect(way.trunk[0]?.from).toEqual({ x: 95, y: 92 });
    expect(way.trunk[0]?.to).toEqual({ x: 95, y: 200 });
  });

  it("pass the points of their route", () => {
    const way = wayOf(single(0, 0), single(900, 0), [{ x: 545, y: 166 }]);
    expect(way.trunk.map((curve) => curve.to)).toEqual([
      { x: 545, y: 166 },
      { x: 900, y: 46 },
    ]);
    expect(crosses(sample(way.trunk), rectAt({ x: 450, y: 0 }))).toBe(false);
  });

  it("branch to the replicas of their ends, one lane each", () => {
    const replicas = [0, 110].map((y) => rectAt({ x: 300, y }));
    const way = wayOf(single(0, 0), { rect: bounds(replicas, 10), replicas }, []);
    expect(way.targets.map((branch) => branch.to)).toEqual([
      { x: 300, y: 46 },
      { x: 300, y: 156 },
    ]);
    expect(lanesOf(way).map((lane) => lane.at(-1))).toEqual([
      { x: 300, y: 46 },
      { x: 300, y: 156 },
    ]);
  });

  it("go straight on where a route comes to one of the replicas", () => {
    const replicas = [0, 110].map((y) => rectAt({ x: 300, y }));
    const grown: End = { rect: bounds(replicas, 14), replicas };
    const into = wayOf(single(0, 0), grown, [{ x: 276, y: 46 }]);
    expect(into.trunk.at(-1)?.to).toEqual({ x: 286, y: 46 });
    const out = wayOf(grown, single(900, 0), [{ x: 514, y: 46 }]);
    expect(out.trunk[0]?.from).toEqual({ x: 504, y: 46 });
    const aside = wayOf(grown, single(900, 0), [{ x: 514, y: 70 }]);
    expect(aside.trunk[0]?.from).toEqual({ x: 504, y: 101 });
  });

  it("carry their label in the middle", () => {
    expect(labelsOf(wayOf(single(0, 0), single(300, 0), []))[0]?.x).toBeCloseTo(245, 0);
  });
});

describe("bounds", () => {
  it("hold all and a margin", () => {
    expect(bounds([rectAt({ x: 0, y: 0 }, 10, 10), rectAt({ x: 20, y: 0 }, 10, 10)], 5)).toEqual({
      x: -5,
      y: -5,
      width: 40,
      height: 20,
    });
  });
});
