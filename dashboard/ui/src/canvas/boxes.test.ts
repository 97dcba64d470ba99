import { describe, expect, it } from "vitest";
import type { Difference } from "../state/topology";
import type { Canvas, Node, ScalingDecision } from "../wire";
import { BOXES_SHOWN, drawingOf } from "./boxes";

const nothing: Difference = { fresh: new Set(), leftNodes: [], leftReplicas: [] };

function node(id: string, x: number, count: number, ready = count): Node {
  return {
    id,
    kind: "APIServer",
    replicas: count,
    ready,
    position: { x, y: 0 },
    pinned: false,
    origin: {},
    instances: Array.from({ length: count }, (_, i) => ({
      id: `${id}-${i + 1}`,
      pod: `shop-${id}-${i + 1}`,
      ready: i < ready,
      position: { x, y: i * 110 },
    })),
  };
}

const canvas = (...nodes: Node[]): Canvas => ({
  order: 0,
  nodes,
  links: [],
  ids: [],
  linkIds: [],
  direction: "LR",
});

const draw = (input: Canvas, more: Partial<Parameters<typeof drawingOf>[0]> = {}) =>
  drawingOf({ canvas: input, difference: nothing, decisions: [], expanded: new Set(), ...more });

const held: ScalingDecision = {
  id: "h/api/cache/1",
  stage: "held",
  stages: [],
  open: true,
  rule: "cache",
  action: "InsertCache",
  component: "api",
  from: 0,
  to: 1,
  reason: "",
  constraint: "DryRun",
  signals: [],
  alternatives: [],
  made: [],
  readySeconds: null,
  effect: null,
  ghost: node("catalog-cache", 300, 1),
};

describe("boxes", () => {
  it("show a component of one replica as one box", () => {
    const { boxes } = draw(canvas(node("api", 0, 1)));
    expect(boxes.map((box) => [box.key, box.folded])).toEqual([["component/api", false]]);
  });

  it("do not move the first replica when the second appears", () => {
    const [one] = draw(canvas(node("api", 0, 1))).boxes;
    const two = draw(canvas(node("api", 0, 2))).boxes;
    expect(two.map((box) => box.key)).toEqual(["frame/api", "replica/api/api-1", "replica/api/api-2"]);
    expect(two[1]?.rect).toEqual(one?.rect);
  });

  it("fold more than six replicas, and unfold them on request", () => {
    const many = canvas(node("api", 0, 7, 5));
    const [box] = draw(many).boxes;
    expect(box).toMatchObject({ shape: "component", folded: true, replicas: 7, ready: 5 });
    expect(draw(many, { expanded: new Set(["api"]) }).boxes).toHaveLength(8);
  });

  it("fold the largest components when there are too many boxes", () => {
    const nodes = Array.from({ length: 12 }, (_, i) => node(`c${i}`, i * 300, i === 3 ? 5 : 4));
    const { boxes } = draw(canvas(...nodes));
    expect(boxes.filter((box) => box.shape !== "frame").length).toBeLessThanOrEqual(BOXES_SHOWN);
    expect(boxes.some((box) => box.key === "component/c3")).toBe(true);
  });

  it("come in drawing order, whatever the order of nodes", () => {
    const keys = draw(canvas(node("z", 0, 1), node("a", 600, 1), node("m", 300, 2))).boxes.map(
      (box) => box.title,
    );
    expect(keys).toEqual(["z", "m", "m-1", "m-2", "a"]);
  });

  it("say what is not ready", () => {
    const { boxes } = draw(canvas(node("api", 0, 2, 1)));
    expect(boxes.map((box) => box.state)).toEqual(["live", "live", "pending"]);
  });

  it("show what a held-back decision would add, and where", () => {
    const { boxes, ends } = draw(canvas(node("api", 0, 1)), { decisions: [held] });
    expect(boxes.find((box) => box.state === "ghost")).toMatchObject({
      title: "catalog-cache",
      note: "DryRun",
      rule: "cache",
    });
    expect(ends.has("catalog-cache")).toBe(true);
  });

  it("forget ghosts of decisions that no longer hold", () => {
    const { boxes } = draw(canvas(node("api", 0, 1)), { decisions: [{ ...held, open: false }] });
    expect(boxes.every((box) => box.state !== "ghost")).toBe(true);
  });

  it("show a ghost replica beside those that are there", () => {
    const more = { ...held, ghost: node("api", 0, 2, 1) };
    const { boxes } = draw(canvas(node("api", 0, 1)), { decisions: [more] });
    expect(boxes.filter((box) => box.state === "ghost").map((box) => box.title)).toEqual(["api-2"]);
  });

  it("keep what has left for a while, where it was", () => {
    const left = node("old-cache", 900, 1);
    const { boxes } = draw(canvas(node("api", 0, 1)), { difference: { ...nothing, leftNodes: [left] } });
    expect(boxes.at(-1)).toMatchObject({ key: "leaving/old-cache", state: "leaving" });
  });

  it("show a replica that has left as one, whatever stays", () => {
    const component = node("api", 0, 3);
    const [, , , replica] = node("api", 0, 4).instances;
    if (replica === undefined) throw new Error("there are four");
    const leftReplicas = [{ component, replica }];
    const { boxes } = draw(canvas(component), { difference: { ...nothing, leftReplicas } });
    expect(boxes.find(({ state }) => state === "leaving")).toMatchObject({ id: "api-4", replicas: 1 });
  });
});
