import { describe, expect, it } from "vitest";
import type { Canvas, Node, XY } from "../wire";
import { drawingOf } from "./boxes";
import { BOX } from "./geometry";
import { arranged, displaced, NO_PINS, type Pins, put } from "./pins";

const PITCH = BOX.height + 14;

function node(id: string, { x, y }: XY, count = 1): Node {
  const instances = Array.from({ length: count }, (_, place) => ({
    id: `${id}-${place + 1}`,
    pod: "",
    ready: true,
    position: { x, y: y + place * PITCH },
  }));
  const rest = { kind: "Cache", replicas: count, ready: count, pinned: false, origin: {} };
  return { id, ...rest, position: { x, y }, instances };
}

function canvasOf(...nodes: Node[]): Canvas {
  const links = nodes.slice(1).map(({ id }, place) => {
    const from = nodes[place]?.id ?? "";
    return { id: `${from}>${id}`, from, to: id, origin: {}, route: [{ x: 1, y: 1 }] };
  });
  return { order: 0, nodes, links, ids: [], linkIds: [], direction: "LR" };
}

const nothing = { fresh: new Set<string>(), leftNodes: [], leftReplicas: [] };
const places = (canvas: Canvas, pins: Pins) => {
  const placed = arranged({ canvas, difference: nothing, decisions: [] }, displaced(canvas, pins));
  return Object.fromEntries(placed.canvas.nodes.map(({ id, position }) => [id, position]));
};
const overlaps = (canvas: Canvas, pins: Pins) => {
  const placed = arranged({ canvas, difference: nothing, decisions: [] }, displaced(canvas, pins));
  const { boxes } = drawingOf({ ...placed, expanded: new Set() });
  const rects = boxes.filter(({ shape }) => shape !== "frame").map(({ rect }) => rect);
  return rects.flatMap((a, place) =>
    rects
      .slice(place + 1)
      .filter(
        (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      ),
  );
};

describe("a component that is put somewhere", () => {
  const canvas = canvasOf(node("api", { x: 0, y: 0 }, 2), node("db", { x: 300, y: 0 }));

  it("stands there with its replicas, and nothing else has moved", () => {
    const pins = put(canvas, NO_PINS, "api", { x: 40.4, y: 500.6 });
    expect(places(canvas, pins)).toEqual({ api: { x: 40, y: 501 }, db: { x: 300, y: 0 } });
    const placed = arranged({ canvas, difference: nothing, decisions: [] }, pins);
    expect(placed.canvas.nodes[0]?.instances.map(({ position }) => position)).toEqual([
      { x: 40, y: 501 },
      { x: 40, y: 501 + PITCH },
    ]);
  });

  it("takes the routes from its links, which led elsewhere", () => {
    const more = canvasOf(...canvas.nodes, node("far", { x: 600, y: 0 }));
    const pins = put(more, NO_PINS, "api", { x: 0, y: 500 });
    const placed = arranged({ canvas: more, difference: nothing, decisions: [] }, pins);
    expect(placed.canvas.links.map(({ route }) => route.length)).toEqual([0, 1]);
  });

  it("stands beside what is there already", () => {
    const pins = put(canvas, NO_PINS, "db", { x: 10, y: 20 });
    expect(overlaps(canvas, pins)).toEqual([]);
    expect(places(canvas, pins).api).toEqual({ x: 0, y: 0 });
  });

  it("stays when others come, and the one that comes to its place gives way", () => {
    const pins = put(canvas, NO_PINS, "db", { x: 300, y: 400 });
    const grown = canvasOf(
      ...canvas.nodes,
      node("cache", { x: 300, y: 390 }),
      node("cdn", { x: -300, y: 0 }),
    );
    expect(places(grown, pins)).toMatchObject({ db: { x: 300, y: 400 }, cdn: { x: -300, y: 0 } });
    expect(overlaps(grown, pins)).toEqual([]);
  });

  it("leaves what gave way where it went", () => {
    const pins = put(canvas, NO_PINS, "db", { x: 300, y: 400 });
    const grown = canvasOf(...canvas.nodes, node("cache", { x: 300, y: 390 }));
    const before = places(grown, pins).cache;
    expect(places(grown, put(grown, pins, "db", { x: 900, y: 0 })).cache).toEqual(before);
  });

  it("takes along what leaves it and what would join it", () => {
    const pins = put(canvas, NO_PINS, "api", { x: 0, y: 1000 });
    const [api] = canvas.nodes;
    const replica = api?.instances[1];
    if (api === undefined || replica === undefined) throw new Error("there are two replicas");
    const { difference } = arranged(
      { canvas, difference: { ...nothing, leftReplicas: [{ component: api, replica }] }, decisions: [] },
      pins,
    );
    expect(difference.leftReplicas[0]?.replica.position).toEqual({ x: 0, y: 1000 + PITCH });
  });
});

it("what nobody moved is drawn as the layout has it", () => {
  const canvas = canvasOf(node("api", { x: 0, y: 0 }));
  const placed = { canvas, difference: nothing, decisions: [] };
  expect(arranged(placed, displaced(canvas, NO_PINS)).canvas).toBe(canvas);
});
