import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ceilingOf, endToEnd, eventMarks, ofComponent, valueAt } from "../charts/model";
import { Recording } from "../replay/recording";
import { EMPTY_FRAME } from "../state/frame";
import { INITIAL_FEED, reduce } from "../state/run";
import { zeroOf } from "../state/store";
import { cellOf, found, rowsOf } from "../table/rows";
import type { FeedMessage, FeedSnapshot, ScalingDecision } from "../wire";
import { cardOf, constraintWords } from "./card";
import { comparisons, meanOf } from "./effect";
import { filtered, itemsOf, selectionOf } from "./items";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const end = session.reduce(reduce, INITIAL_FEED).run;
if (end === null) throw new Error("the golden session has no snapshot");
const run = end;
const zero = zeroOf(run);

function decision(id: string): ScalingDecision {
  const one = run.decisions.find((decision) => decision.id === id);
  if (one === undefined) throw new Error(`the golden session has no decision ${id}`);
  return one;
}
const held = decision("h/api-server/api-server/1767225642000");
const d1 = decision("d1");

describe("a card", () => {
  it("tells an applied decision with every stage and its effect", () => {
    const card = cardOf(d1, zero);
    expect(card.title).toBe("Add replica · api-server");
    expect(card.tone).toBe("helped");
    expect(card.replicas).toBe("1 → 2 replicas");
    expect(card.stages.map(({ stage, clock }) => [stage, clock !== null])).toEqual([
      ["applied", true],
      ["ready", true],
      ["effect", true],
    ]);
    expect(card.stages[0]?.clock).toBe("00:44");
    expect(card.effect).toMatch(/→/);
  });

  it("shows the stages that an open decision has still to go", () => {
    const first = d1.stages[0];
    if (first === undefined) throw new Error("d1 has no stage");
    const card = cardOf({ ...d1, stage: "applied", stages: [first], open: true, effect: null }, zero);
    expect(card.stages.map(({ stage, clock }) => [stage, clock])).toEqual([
      ["applied", "00:44"],
      ["ready", null],
      ["effect", null],
    ]);
    expect(card.badge).toBe("Applied");
  });

  it("tells why a decision was held back, and that it was let go", () => {
    const card = cardOf(held, zero);
    expect(card).toMatchObject({
      tone: "held",
      badge: "Let go",
      constraint: "too soon after the last change",
    });
    expect(cardOf({ ...held, open: true }, zero).badge).toBe("Held back");
    expect(card.stages.map(({ took }) => took)).toEqual([null, "1 s"]);
  });

  it("puts a signal beside its threshold", () => {
    expect(cardOf(held, zero).signals).toEqual([
      {
        name: "cpu",
        value: "86 %",
        against: "above 80 %",
        window: "over 10 s",
        share: expect.closeTo(53.4, 1),
      },
    ]);
    const [signal] = cardOf(
      { ...held, signals: [{ name: "readRatio", unit: "%", value: 12, threshold: null, windowSeconds: 10 }] },
      zero,
    ).signals;
    expect(signal).toMatchObject({ name: "read ratio", against: "", share: null });
  });

  it("has words for a constraint that it does not know", () => {
    expect(constraintWords("QuotaExceeded")).toBe("quota exceeded");
    expect(constraintWords(undefined)).toBe("");
  });
});

describe("the timeline", () => {
  const items = itemsOf(run);
  it("has everything, the newest first", () => {
    expect(items).toHaveLength(run.decisions.length + run.alerts.length + run.findings.length);
    const times = items.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it.each([
    ["applied", ["d1"]],
    ["held", ["h/api-server/api-server/1767225642000"]],
    ["alerts", run.alerts.map(({ id }) => id)],
    ["findings", run.findings.map(({ id }) => id)],
  ] as const)("shows only %s", (show, want) => {
    expect(filtered(items, show).map(({ id }) => id)).toEqual(want);
  });

  it("selects the component of what is chosen, and the decision", () => {
    expect(items.map(selectionOf)).toContainEqual({ node: "api-server", decision: "d1" });
    expect(filtered(items, "alerts").map(selectionOf)).toEqual([
      { node: run.alerts[0]?.component, decision: null },
    ]);
  });
});

function recorded(): Recording {
  const recording = new Recording();
  const seconds = Array.from({ length: 100 }, (_, second) => second);
  recording.load({
    snapshot: session[1] as FeedSnapshot,
    startedAt: zero,
    seconds,
    series: [{ id: "api-server", metric: "cpu", values: seconds.map((second) => (second < 5 ? null : 50)) }],
    total: {
      p95: seconds.map((second) => (second < 44 ? 200 : 50)),
      rate: seconds,
      errorRate: seconds.map(() => null),
    },
  });
  return recording;
}

describe("an effect", () => {
  it("compares 30 s before with 30 s after it was ready", () => {
    const [p95, errors, , pods] = comparisons(run, recorded(), d1);
    expect(p95).toEqual({ name: "p95", unit: "ms", before: 200, after: 50 });
    expect(errors).toMatchObject({ before: null, after: null });
    expect(pods).toMatchObject({ before: 3, after: 4 });
  });

  it("waits until the time after is over, and is none of what was not done", () => {
    const short = new Recording();
    expect(comparisons(run, short, d1).every(({ after }) => after === null)).toBe(true);
    expect(comparisons(run, recorded(), held)).toEqual([]);
  });

  it("averages what was measured, from the first to before the last second", () => {
    expect(meanOf([0, 1, 2, 3], [1, null, 3, 100], 0, 3)).toBe(2);
    expect(meanOf([0, 1], [1, 2], 5, 9)).toBeNull();
  });
});

describe("charts", () => {
  it("show the run end to end with its objectives", () => {
    const charts = endToEnd(run, recorded());
    expect(charts.map(({ id }) => id)).toEqual(["traffic", "latency", "errors"]);
    expect(charts[1]?.limits).toEqual([{ label: "objective p99", value: 500 }]);
    expect(charts[2]?.limits).toEqual([{ label: "objective", value: 0.1 }]);
  });

  it("show of a component what was measured of it", () => {
    expect(ofComponent(run, recorded(), "api-server").map(({ id }) => id)).toEqual(["api-server/cpu"]);
  });

  it("mark the decisions that changed something", () => {
    expect(eventMarks(run)).toEqual([{ second: 44, decision: "d1", label: "Add replica api-server" }]);
  });

  it("are not flattened by an objective that is far away", () => {
    const [, latency] = endToEnd(run, recorded());
    if (latency === undefined) throw new Error("no latency chart");
    expect(ceilingOf(latency)).toBeCloseTo(550);
    expect(ceilingOf({ ...latency, limits: [{ label: "o", value: 5000 }] })).toBeCloseTo(220);
    expect(ceilingOf({ ...latency, lines: [], limits: [] })).toBe(1);
  });

  it("say what was measured until the second that is looked at", () => {
    const value = (at: number | null) => valueAt([0, 1, 2, 3], [null, 10, null, 30], at);
    expect([0, 1, 2, 3, null].map(value)).toEqual([null, 10, 10, 30, 30]);
  });
});

describe("the table", () => {
  const rows = rowsOf(run.topology);
  it("reads as the canvas does, instances below their component", () => {
    expect(rows.map(({ id }) => id)).toEqual([
      "load-balancer",
      "load-balancer-1",
      "api-server",
      "api-server-1",
      "api-server-2",
      "database",
      "database-1",
    ]);
  });

  it("finds by name and by kind, with the component of an instance", () => {
    expect(found(rows, "server-2").map(({ id }) => id)).toEqual(["api-server", "api-server-2"]);
    expect(found(rows, "DATABASE").map(({ id }) => id)).toEqual(["database", "database-1"]);
    expect(found(rows, " ")).toBe(rows);
  });

  it("says – for what was not measured", () => {
    const cpu = run.columns[0];
    if (cpu === undefined) throw new Error("no column");
    expect(cellOf(EMPTY_FRAME, "api-server", cpu)).toEqual({ text: "–", value: null });
    expect(cellOf({ ...EMPTY_FRAME, value: () => 85.5 }, "api-server", cpu).text).toBe("86 %");
  });
});
