import { describe, expect, it } from "vitest";
import { applyChange } from "../state/topology";
import type { Canvas, CanvasChange, Node } from "../wire";
import { newsKey, newsOf } from "./news";

const node = (id: string): Node => ({
  id,
  kind: "Cache",
  replicas: 1,
  ready: 1,
  position: { x: 0, y: 0 },
  pinned: false,
  origin: {},
  instances: [{ id: `${id}-1`, pod: "", ready: true, position: { x: 0, y: 0 } }],
});
const base: Canvas = { order: 0, nodes: [node("api")], links: [], ids: [], linkIds: [], direction: "LR" };
const step = (seq: number, t: number, nodes: Node[], removedNodes: string[]): CanvasChange => ({
  seq,
  t,
  nodes,
  links: [],
  removedNodes,
  removedLinks: [],
  ids: [],
  linkIds: [],
});
const log = [step(1, 1_000_000, [node("cache")], []), step(2, 1_020_000, [], ["api"])];
const now = log.reduce(applyChange, base);

describe("news", () => {
  it("are what came in the last ten seconds and what left in the last minute", () => {
    const after = newsOf(base, log, now, 1_005_000);
    expect(after.fresh.has("cache")).toBe(true);
    const later = newsOf(base, log, now, 1_025_000);
    expect(later.fresh.has("cache")).toBe(false);
    expect(later.leftNodes.map(({ id }) => id)).toEqual(["api"]);
    expect(newsOf(base, log, now, 1_081_000).leftNodes).toEqual([]);
  });

  it("have another key whenever something becomes old", () => {
    const keys = [999_999, 1_000_000, 1_010_000, 1_020_000, 1_060_000, 1_080_000].map((at) =>
      newsKey(log, at),
    );
    expect(new Set(keys).size).toBe(6);
    expect(newsKey(log, 1_030_001)).toBe(newsKey(log, 1_059_999));
  });
});
