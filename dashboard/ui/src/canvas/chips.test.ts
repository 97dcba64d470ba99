import { describe, expect, it } from "vitest";
import type { Box } from "./boxes";
import { chipsOf, outOfSight, visiblePart } from "./chips";
import { rectAt } from "./geometry";

const box = (x: number, y: number, more: Partial<Box> = {}): Box => ({
  key: `component/${x},${y}`,
  shape: "component",
  id: "catalog-cache",
  component: "catalog-cache",
  kind: "Cache",
  title: "catalog-cache",
  rect: rectAt({ x, y }),
  state: "live",
  fresh: true,
  replicas: 1,
  ready: 1,
  folded: false,
  note: "",
  rule: "cache",
  ...more,
});

const seen = visiblePart({ x: 0, y: 0, zoom: 0.5 }, 500, 300);

describe("chips", () => {
  it("know what part of the canvas is seen", () => {
    expect(seen).toEqual({ x: -0, y: -0, width: 1000, height: 600 });
  });

  it.each([
    [-200, 100, "left"],
    [1200, 100, "right"],
    [100, -200, "top"],
    [100, 900, "bottom"],
  ])("point at %s,%s on the %s", (x, y, side) => {
    expect(chipsOf([box(x, y)], seen)).toMatchObject([{ side, text: "catalog-cache added" }]);
  });

  it("leave what is seen, what is old and frames alone", () => {
    const quiet = [box(100, 100), box(1200, 100, { fresh: false }), box(1200, 100, { shape: "frame" })];
    expect(chipsOf(quiet, seen)).toEqual([]);
  });

  it("tell what was removed", () => {
    const gone = box(1200, 0, { fresh: false, state: "leaving" });
    expect(chipsOf([gone], seen)[0]?.text).toBe("catalog-cache removed");
  });
});

it("boxes that are cut or away are out of sight", () => {
  const some = [box(100, 100), box(-20, 100), box(900, 100), box(2000, 0), box(2000, 0, { shape: "frame" })];
  expect(outOfSight(some, seen)).toBe(3);
});
