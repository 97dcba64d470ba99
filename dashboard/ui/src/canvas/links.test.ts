import { describe, expect, it } from "vitest";
import type { Canvas, Node, XY } from "../wire";
import { drawingOf } from "./boxes";
import { BOX } from "./geometry";
import { drawLinks, ledAround, widthOf } from "./links";

const node = (id: string, x: number, y: number): Node => ({
  id,
  kind: "Cache",
  replicas: 1,
  ready: 1,
  position: { x, y },
  pinned: false,
  origin: {},
  instances: [{ id: `${id}-1`, pod: "", ready: true, position: { x, y } }],
});
const canvas: Canvas = {
  order: 0,
  nodes: [node("a", 0, 0), node("b", 300, 0)],
  links: [
    { id: "a>b", from: "a", to: "b", origin: {}, route: [] },
    { id: "a>gone", from: "a", to: "gone", origin: {}, route: [] },
  ],
  ids: [],
  linkIds: [],
  direction: "LR",
};
const nothing = { fresh: new Set<string>(), leftNodes: [], leftReplicas: [] };

it("links run from border to border of boxes whose corner the layout gives", () => {
  const { ends } = drawingOf({ canvas, difference: nothing, decisions: [], expanded: new Set() });
  const [link, ...more] = drawLinks(canvas, ends);
  expect(more).toEqual([]);
  const points = link?.tracks[0]?.points ?? [];
  expect(points[0]).toEqual({ x: BOX.width, y: BOX.height / 2 });
  expect(points.at(-1)).toEqual({ x: 300, y: BOX.height / 2 });
});

it("widthOf grows with the rate, within bounds", () => {
  const widths = [null, 0, 10, 1000, 1e9].map(widthOf);
  expect(widths.toSorted((a, b) => a - b)).toEqual(widths);
  expect([widths[0], widths.at(-1)]).toEqual([1.5, 7]);
});

it("rates are written beside one another", () => {
  const crossing: Canvas = {
    ...canvas,
    nodes: [node("a", 0, 0), node("b", 600, 0), node("c", 0, 10), node("d", 600, 10)],
    links: ["a>b", "c>d"].map((id) => ({
      id,
      from: id.slice(0, 1),
      to: id.slice(2),
      origin: {},
      route: [],
    })),
  };
  const { ends } = drawingOf({ canvas: crossing, difference: nothing, decisions: [], expanded: new Set() });
  const [first, second] = drawLinks(crossing, ends);
  expect(first?.label.x).toBe(395);
  expect(Math.abs((second?.label.x ?? 0) - 395)).toBeGreaterThan(40);
});

describe("boxes that were moved", () => {
  const row: Canvas = {
    ...canvas,
    nodes: [node("a", 0, 0), node("b", 300, 0), node("c", 600, 0)],
    links: [
      {
        id: "a>c",
        from: "a",
        to: "c",
        origin: {},
        route: [
          { x: 245, y: -60 },
          { x: 555, y: -60 },
        ],
      },
    ],
  };
  const { ends } = drawingOf({ canvas: row, difference: nothing, decisions: [], expanded: new Set() });
  const waysOf = (moved: ReadonlyMap<string, XY>) =>
    ledAround(row, ends, moved).links.map(({ route }) => route.map(({ y }) => y));

  it("leave the routes of others, unless they stand in the way", () => {
    expect(ledAround(row, ends, new Map())).toBe(row);
    expect(waysOf(new Map([["b", { x: 300, y: 0 }]]))).toEqual([[-60, -60]]);
  });

  it("have their own links led around what is between", () => {
    expect(waysOf(new Map([["a", { x: 0, y: 0 }]]))).toEqual([[-20, -20]]);
  });
});
