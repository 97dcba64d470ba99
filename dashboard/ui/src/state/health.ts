import type { MetricColumn } from "../wire";
import type { Frame } from "./frame";

/** How a component or an instance is. It is derived from what was measured. */
export type Health = "ok" | "busy" | "over" | "failing" | "unknown";

/** Health with the words that go with it. */
export interface Condition {
  health: Health;
  words: string;
  /** The same in two words at most, for where there is little room. */
  brief: string;
}

/** From this share of failed requests on something is failing, in percent. */
const FAILING_PERCENT = 1;

// The limits of the built-in rules; busy begins a good way below them.
const limits: readonly { column: MetricColumn; over: number; busy: number; name: string }[] = [
  { column: "cpu", over: 80, busy: 65, name: "CPU" },
  { column: "memory", over: 85, busy: 70, name: "Memory" },
  { column: "connections", over: 80, busy: 65, name: "Connections" },
];

/** Judges what was measured of a component or an instance. */
export function conditionOf(frame: Frame, id: string): Condition {
  const errors = frame.value(id, "errorRate");
  if (errors !== null && errors >= FAILING_PERCENT)
    return { health: "failing", words: "Failing", brief: "Failing" };
  const seen = limits.flatMap((limit) => {
    const value = frame.value(id, limit.column);
    return value === null ? [] : [{ ...limit, value }];
  });
  if (seen.length === 0 && errors === null) return { health: "unknown", words: "No data", brief: "No data" };
  const over = seen.find(({ value, over }) => value > over);
  if (over !== undefined) {
    return { health: "over", words: `${over.name} over ${over.over} %`, brief: `${over.name} over` };
  }
  const busy = seen.find(({ value, busy }) => value > busy);
  if (busy !== undefined) return { health: "busy", words: "Busy", brief: "Busy" };
  // A process that nobody has asked anything yet tells its memory and no more.
  if (errors === null && frame.value(id, "cpu") === null)
    return { health: "unknown", words: "No traffic", brief: "No traffic" };
  return { health: "ok", words: "OK", brief: "OK" };
}
