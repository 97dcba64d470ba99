import type { Frame } from "../state/frame";
import { type Condition, conditionOf } from "../state/health";
import { formatDuration, formatMs, formatPercent, formatQuantity, words } from "../text/format";
import type { Box } from "./boxes";

/** What is written on a box, and how full its bars are from 0 to 1. */
export interface Reading {
  condition: Condition;
  rate: string;
  p95: string;
  cpu: string;
  memory: string;
  queue: string;
  errors: string;
  cpuShare: number;
  memoryShare: number;
}

function share(percent: number | null): number {
  return percent === null ? 0 : Math.min(1, Math.max(0, percent / 100));
}

/** The words of a box that is not measured, or null for one that is. */
export function absence(box: Pick<Box, "state" | "note">, pendingSeconds: number | null): string | null {
  switch (box.state) {
    case "live":
      return null;
    case "pending":
      return pendingSeconds === null ? "Pending" : `Pending ${formatDuration(Math.max(0, pendingSeconds))}`;
    case "ghost":
      return `Held back: ${words(box.note)}`;
    case "leaving":
      return "Removed";
  }
}

/** Reads a frame for one component or instance. */
export function readingOf(frame: Frame, id: string): Reading {
  const cpu = frame.value(id, "cpu");
  const memory = frame.value(id, "memory");
  return {
    condition: conditionOf(frame, id),
    rate: formatQuantity(frame.value(id, "requestRate")),
    p95: formatMs(frame.value(id, "latencyP95")),
    cpu: formatPercent(cpu),
    memory: formatPercent(memory),
    queue: formatQuantity(frame.value(id, "queueDepth")),
    errors: formatPercent(frame.value(id, "errorRate")),
    cpuShare: share(cpu),
    memoryShare: share(memory),
  };
}
