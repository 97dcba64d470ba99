import { describe, expect, it } from "vitest";
import type { MetricColumn } from "../wire";
import { EMPTY_FRAME, type Frame } from "./frame";
import { conditionOf } from "./health";

const frame = (values: { [key in MetricColumn]?: number }): Frame => ({
  ...EMPTY_FRAME,
  value: (_, column) => values[column] ?? null,
});

describe("health", () => {
  it.each([
    [{}, "unknown", "No data"],
    [{ cpu: 80 }, "busy", "Busy"],
    [{ cpu: 80.1 }, "over", "CPU over 80 %"],
    [{ cpu: 20, memory: 85.1 }, "over", "Memory over 85 %"],
    [{ cpu: 20, connections: 81 }, "over", "Connections over 80 %"],
    [{ cpu: 99, errorRate: 1 }, "failing", "Failing"],
    [{ cpu: 65, errorRate: 0.9 }, "ok", "OK"],
    [{ errorRate: 0 }, "ok", "OK"],
    [{ memory: 13, connections: 0 }, "unknown", "No traffic"],
  ] as const)("of %o is %s", (values, health, words) => {
    expect(conditionOf(frame(values), "x")).toMatchObject({ health, words });
  });
});

it("has no more than two words where there is little room", () => {
  const columns = ["cpu", "memory", "connections", "errorRate"];
  const conditions = columns.map((column) => conditionOf(frame({ [column]: 99 }), "x"));
  expect(conditions.map(({ brief }) => brief)).toEqual([
    "CPU over",
    "Memory over",
    "Connections over",
    "Failing",
  ]);
});
