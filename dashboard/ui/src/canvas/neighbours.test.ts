import { expect, it } from "vitest";
import type { Canvas, Node } from "../wire";
import { drawingOf } from "./boxes";
import { neighbour } from "./neighbours";

const node = (id: string, x: number, y: number): Node => ({
  id,
  kind: "APIServer",
  replicas: 1,
  ready: 1,
  position: { x, y },
  pinned: false,
  origin: {},
  instances: [{ id: `${id}-1`, pod: id, ready: true, position: { x, y } }],
});

const canvas: Canvas = {
  order: 0,
  nodes: [node("lb", 0, 0), node("api", 300, 0), node("near", 300, 150), node("db", 600, 300)],
  links: [
    { id: "lb>api", from: "lb", to: "api", origin: {}, route: [] },
    { id: "api>db", from: "api", to: "db", origin: {}, route: [] },
  ],
  ids: [],
  linkIds: [],
  direction: "LR",
};

const { boxes } = drawingOf({
  canvas,
  difference: { fresh: new Set(), leftNodes: [], leftReplicas: [] },
  decisions: [],
  expanded: new Set(),
});

it.each([
  ["lb", "ArrowRight", "api"],
  ["api", "ArrowRight", "db"],
  ["api", "ArrowLeft", "lb"],
  ["db", "ArrowLeft", "api"],
  ["near", "ArrowUp", "api"],
  ["lb", "ArrowLeft", null],
] as const)("from %s, %s leads to %s", (id, arrow, want) => {
  const from = boxes.find((box) => box.component === id);
  if (from === undefined) throw new Error(`no box ${id}`);
  expect(neighbour(from, arrow, boxes, canvas)?.component ?? null).toBe(want);
});
