import { describe, expect, it } from "vitest";
import { drawingOf } from "../src/canvas/boxes";
import { crosses } from "../src/canvas/geometry";
import { drawLinks } from "../src/canvas/links";
import { frameOf } from "../src/state/frame";
import { readSession } from "./session";
import { gridOf, synthetic } from "./synthetic";

const session = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));

describe.each([50, 200, 500])("a synthetic run of %i components", (count) => {
  const play = synthetic(session, count, 4, 2);

  it("has so many components, and a value of each in every tick", () => {
    const { topology } = play.snapshot;
    expect(topology.nodes).toHaveLength(count);
    expect(play.steps).toHaveLength(8);
    for (const { message } of play.steps) {
      if (message.type !== "tick") throw new Error("only ticks are played");
      const frame = frameOf(topology, message);
      for (const id of topology.ids) expect(frame?.value(id, "cpu")).not.toBeNull();
      for (const id of topology.linkIds) expect(frame?.linkRate(id)).not.toBeNull();
    }
  });

  it("has no line behind a box that it does not end at", () => {
    const canvas = gridOf(count);
    const nothing = { fresh: new Set<string>(), leftNodes: [], leftReplicas: [] };
    const { boxes, ends } = drawingOf({ canvas, difference: nothing, decisions: [], expanded: new Set() });
    for (const { link, tracks } of drawLinks(canvas, ends)) {
      const foreign = boxes.filter(({ id }) => id !== link.from && id !== link.to);
      for (const { points } of tracks) expect(foreign.some(({ rect }) => crosses(points, rect))).toBe(false);
    }
  });
});
