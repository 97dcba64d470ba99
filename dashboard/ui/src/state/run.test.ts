import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FeedMessage } from "../wire";
import { frameOf } from "./frame";
import { type FeedState, INITIAL_FEED, reduce } from "./run";
import { appearances, canvasAt, difference } from "./topology";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);

const play = (messages: FeedMessage[], from: FeedState = INITIAL_FEED) => messages.reduce(reduce, from);

function seen(type: FeedMessage["type"], nth = 0): FeedMessage {
  const message = session.filter((one) => one.type === type)[nth];
  if (message === undefined) throw new Error(`the golden session has no ${type}`);
  return message;
}

describe("the feed", () => {
  const end = play(session);

  it("follows the server's golden session to its end", () => {
    expect(end.torn).toBe(false);
    expect(end.lastSeq).toBe(15);
    expect(end.run?.phase.stage).toBe("ObjectivesMet");
    expect(end.run?.decisions.map((decision) => [decision.id, decision.stage])).toEqual([
      ["h/api-server/api-server/1767225642000", "held"],
      ["d1", "effect"],
    ]);
    expect(end.run?.alerts).toHaveLength(1);
    expect(end.run?.findings).toHaveLength(1);
    expect(end.run?.control.autoScaling.enabled).toBe(false);
  });

  it("applies a message that comes twice once", () => {
    expect(play([...session, ...session.slice(2, -1)])).toEqual({
      ...end,
      gaps: [...end.gaps, ...end.gaps],
    });
  });

  it("tears when a lossless message is skipped, and heals by resuming", () => {
    const lost = session.findIndex((message) => message.type === "topo");
    const torn = play(session.toSpliced(lost, 1).filter((message) => message.type !== "gap"));
    expect(torn.torn).toBe(true);
    expect(torn.lastSeq).toBe(4);
    const healed = play([seen("hello"), ...session.slice(lost)], torn);
    expect(healed.torn).toBe(false);
    expect(healed.run).toEqual(end.run);
  });

  it("keeps the number over a reconnect to the same life of the server", () => {
    const again = reduce(end, seen("hello"));
    expect(again.lastSeq).toBe(end.lastSeq);
    expect(again.run).toBe(end.run);
  });

  it("forgets the number but keeps the picture when the server restarted", () => {
    const other = reduce(end, { ...seen("hello"), epoch: "other" } as FeedMessage);
    expect(other.lastSeq).toBe(0);
    expect(other.run).toBe(end.run);
    const fresh = reduce(other, seen("snapshot"));
    expect(fresh.run?.phase.stage).toBe("Running");
  });

  it("keeps said gaps", () => {
    expect(end.gaps).toEqual([seen("gap")]);
  });

  it("takes nothing before a snapshot", () => {
    const state = play([seen("hello"), seen("decision")]);
    expect(state.run).toBeNull();
    expect(state.torn).toBe(true);
  });
});

describe("the topology", () => {
  const before = play(session.slice(0, 2)).run;
  const after = play(session).run;
  if (before == null || after == null) throw new Error("the golden session has no snapshot");

  it("does not move or replace what did not change", () => {
    const balancer = (run: typeof after) => run.topology.nodes.find((node) => node.id === "load-balancer");
    expect(balancer(after)).toBe(balancer(before));
    expect(after.topology.links[0]).toBe(before.topology.links[0]);
  });

  it("is the fold of the log at any time", () => {
    expect(canvasAt(after.base, after.log, Number.POSITIVE_INFINITY)).toEqual(after.topology);
    expect(canvasAt(after.base, after.log, 0)).toBe(after.base);
  });

  it("tells what came", () => {
    const { fresh, leftNodes } = difference(before.topology, after.topology);
    expect([...fresh]).toEqual(["api-server-2"]);
    expect(leftNodes).toEqual([]);
  });

  it("tells what went", () => {
    const { leftReplicas } = difference(after.topology, before.topology);
    expect(leftReplicas.map(({ replica }) => replica.id)).toEqual(["api-server-2"]);
  });

  it("knows since when an instance starts", () => {
    expect(appearances(after.log, Number.POSITIVE_INFINITY).get("api-server-2")).toBe(1767225646905);
  });
});

describe("frames", () => {
  const run = play(session).run;
  if (run == null) throw new Error("the golden session has no snapshot");
  const tick = (nth: number) => seen("tick", nth) as Extract<FeedMessage, { type: "tick" }>;

  it("find values by id, and say null for what was not measured", () => {
    const frame = frameOf(run.topology, tick(2));
    expect(frame?.value("api-server-1", "cpu")).toBe(48);
    expect(frame?.value("api-server-2", "latency")).toBeNull();
    expect(frame?.value("nobody", "cpu")).toBeNull();
    expect(frame?.value("api-server", "connections")).toBeNull();
    expect(frame?.linkRate("load-balancer>api-server")).toBe(900);
  });

  it("of another topology are refused", () => {
    expect(frameOf(run.topology, tick(0))).toBeNull();
  });
});
