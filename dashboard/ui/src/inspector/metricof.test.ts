import { expect, it } from "vitest";
import type { Column } from "../wire";
import { columnOf } from "./metricof";

const columns: Column[] = [
  { name: "cpu", title: "CPU", unit: "%", source: "measured", explanation: "over the last 10 s" },
  { name: "latencyP95", title: "Latency p95", unit: "ms", source: "measured", explanation: "" },
];

it.each([
  ["cpu", "cpu"],
  ["CPU", "cpu"],
  ["latencyP95", "latencyP95"],
  ["latency p95", "latencyP95"],
  ["writeShare", null],
])("the signal %s is drawn from the column %s", (name, want) => {
  expect(columnOf({ name }, columns)).toBe(want);
});
