import { describe, expect, it } from "vitest";
import { fitView, levelOf, MIN_ZOOM, typeOf } from "./fit";

describe("fitView", () => {
  it.each([
    ["a box", { x: 100, y: 50, width: 190, height: 92 }, 1200, 700],
    ["a wide graph", { x: -40, y: 0, width: 9000, height: 300 }, 1200, 700],
    ["a tall graph", { x: 0, y: -900, width: 300, height: 12000 }, 1200, 700],
    ["500 components", { x: 0, y: 0, width: 20_000, height: 26_000 }, 1000, 600],
    ["a narrow screen", { x: 0, y: 0, width: 1500, height: 500 }, 320, 480],
  ])("clips nothing of %s", (_, rect, width, height) => {
    const view = fitView(rect, width, height);
    expect(rect.x * view.zoom + view.x).toBeGreaterThanOrEqual(0);
    expect(rect.y * view.zoom + view.y).toBeGreaterThanOrEqual(0);
    expect((rect.x + rect.width) * view.zoom + view.x).toBeLessThanOrEqual(width);
    expect((rect.y + rect.height) * view.zoom + view.y).toBeLessThanOrEqual(height);
  });

  it("neither blows a small graph up nor divides by nothing", () => {
    expect(fitView({ x: 0, y: 0, width: 10, height: 10 }, 1000, 1000).zoom).toBe(1.25);
    expect(fitView({ x: 0, y: 0, width: 100, height: 100 }, 0, 0).zoom).toBe(MIN_ZOOM);
  });
});

it("levelOf says more the nearer the view is", () => {
  const zooms = [0.1, 0.44, 0.45, 0.74, 0.75, 1, 1.1, 2];
  expect(zooms.map(levelOf)).toEqual(["far", "far", "low", "low", "mid", "mid", "near", "near"]);
});

it("typeOf keeps a name readable until its box is too small for it", () => {
  for (let zoom = 0.43; zoom < 2; zoom += 0.01) expect(typeOf(zoom) * zoom).toBeGreaterThanOrEqual(11);
  expect(typeOf(0.05)).toBe(26);
});
