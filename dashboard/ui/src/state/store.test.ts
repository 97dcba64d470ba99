import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LIVE, seek, toggle } from "../scrubber/cursor";
import type { FeedMessage, FeedSnapshot, Replay, Session } from "../wire";
import { EMPTY_FRAME, type Frame } from "./frame";
import { MetricStore } from "./metrics";
import { changeable, permitted } from "./permission";
import { INITIAL_FEED, reduce } from "./run";
import { createPage, NOTHING, plannedEnd, spanOf, viewOf, zeroOf } from "./store";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const end = session.reduce(reduce, INITIAL_FEED);
const early = session.slice(0, 2).reduce(reduce, INITIAL_FEED);
if (end.run === null || early.run === null) throw new Error("the golden session has no snapshot");
const zero = zeroOf(early.run);

const frame = (second: number, cpu: number): Frame => ({
  ...EMPTY_FRAME,
  at: zero + second * 1000,
  value: () => cpu,
});
const replay: Replay = {
  snapshot: session[1] as FeedSnapshot,
  startedAt: zero,
  seconds: [0, 1, 2],
  series: [{ id: "api-server", metric: "cpu", values: [10, 20, 30] }],
  total: {},
};
const cpuOf = (page: ReturnType<typeof rig>) => page.metrics.frame.value("api-server", "cpu");

function rig() {
  return createPage(
    new MetricStore(
      (run) => run(),
      () => 0,
    ),
  );
}

function watching(feed = early) {
  const page = rig();
  page.open("u1");
  page.heard(feed);
  page.linked({ kind: "live" });
  return page;
}

describe("the planned end", () => {
  const { run } = early;
  if (run === null) throw new Error("the golden session has no snapshot");
  it.each([
    [{}, 120],
    [{ pausedMs: 5000 }, 125],
    [{ pausedAt: zero + 40_000, pausedMs: 5000 }, 133],
  ])("after pauses %o is second %s", (pauses, want) => {
    const paused = { ...run, phase: { ...run.phase, ...pauses } };
    expect(plannedEnd(paused, spanOf(paused, 48))).toBe(want);
  });
});

describe("the page", () => {
  it("shows what is measured while it is live, and records it", () => {
    const page = watching();
    page.measured(frame(41, 80));
    page.measured(frame(42, 85));
    expect(cpuOf(page)).toBe(85);
    expect(page.recording.values("api-server", "cpu")).toEqual([80, 85]);
  });

  it("stays at a second of the past while the run goes on", () => {
    const page = watching();
    page.measured(frame(41, 80));
    page.move((cursor, span) => seek(cursor, span, 41));
    page.measured(frame(42, 85));
    expect(cpuOf(page)).toBe(80);
    expect(page.newest.value("api-server", "cpu")).toBe(85);
    page.move(() => LIVE);
    expect(cpuOf(page)).toBe(85);
  });

  it("continues history with what was heard live, and shows the past of it", () => {
    const page = watching();
    page.measured(frame(41, 80));
    page.loaded(replay);
    expect(page.recording.seconds).toEqual([0, 1, 2, 41]);
    page.move((cursor, span) => seek(cursor, span, 1.5));
    expect(cpuOf(page)).toBe(20);
  });

  it("shows the last second of a finished run, and plays it from the start", () => {
    const page = watching(end);
    page.loaded(replay);
    expect(cpuOf(page)).toBe(30);
    page.move(toggle);
    expect(cpuOf(page)).toBe(10);
    page.pass(1);
    expect(cpuOf(page)).toBe(20);
  });

  it("shows the architecture of then", () => {
    const page = watching(end);
    page.move((cursor, span) => seek(cursor, span, 10));
    const replicas = viewOf(page.store.getState())?.topology.nodes.find(({ id }) => id === "api-server");
    expect(replicas?.instances).toHaveLength(1);
    expect(viewOf(page.store.getState())).toBe(viewOf(page.store.getState()));
  });

  it("forgets one run for the next, but not who asks", () => {
    const page = watching();
    page.signedIn(may("patch simulations", true));
    page.select({ decision: "d1" });
    page.measured(frame(41, 80));
    page.open("u2");
    expect(page.store.getState()).toMatchObject({ simulationId: "u2", selection: NOTHING, cursor: LIVE });
    expect(page.store.getState().session).not.toBeNull();
    expect(page.recording.seconds).toEqual([]);
    expect(cpuOf(page)).toBeNull();
  });
});

function may(action: string, allowed: boolean, reason?: string): Session {
  const access = [{ action, allowed, ...(reason === undefined ? {} : { reason }) }];
  return { user: "ada", mode: "Cluster", namespace: "team-a", access, server: "dev" };
}

describe("a button", () => {
  const live = { kind: "live" } as const;
  it.each([
    ["unknown session", null, /Still asking/],
    ["refused with the server's reason", may("patch simulations", false, "no role"), /^no role$/],
    ["refused without words", may("patch simulations", false), /may not patch simulations in team-a/],
  ])("of a %s says why it is disabled", (_, who, reason) => {
    const permission = permitted(who, "patch simulations");
    expect(permission).toMatchObject({ allowed: false, reason: expect.stringMatching(reason) });
  });

  it("that the server did not judge is left to the server", () => {
    expect(permitted(may("create simulations", false), "patch simulations")).toEqual({ allowed: true });
  });

  it("works on a run that runs, not on one that ended or cannot be seen", () => {
    const who = may("patch simulations", true);
    expect(changeable(who, live, early.run)).toEqual({ allowed: true });
    expect(changeable(who, live, end.run)).toMatchObject({ reason: "The run has ended." });
    expect(changeable(who, { kind: "away", since: 0, retryAt: 1 }, early.run)).toMatchObject({
      reason: expect.stringMatching(/^Disconnected/),
    });
    expect(changeable(who, live, null).allowed).toBe(false);
  });
});
