import { expect, it } from "vitest";
import type { Canvas, Node } from "../wire";
import { drawingOf } from "./boxes";
import { BOX } from "./geometry";
import { drawLinks, widthOf } from "./links";

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
