import type { Run } from "../state/run";
import type { Selection } from "../state/store";
import type { RunAlert, RunFinding, ScalingDecision } from "../wire";

/** Something that happened in a run. At is milliseconds since 1970. */
export type Item =
  | { kind: "decision"; id: string; at: number; decision: ScalingDecision }
  | { kind: "alert"; id: string; at: number; alert: RunAlert }
  | { kind: "finding"; id: string; at: number; finding: RunFinding };

/** Which kinds are shown. Held-back decisions are a kind of their own. */
export type Show = "all" | "applied" | "held" | "alerts" | "findings";

/** Everything that happened, the newest first. */
export function itemsOf(run: Run): Item[] {
  const items: Item[] = [
    ...run.decisions.map((decision) => ({
      kind: "decision" as const,
      id: decision.id,
      at: decision.stages[0]?.t ?? 0,
      decision,
    })),
    ...run.alerts.map((alert) => ({ kind: "alert" as const, id: alert.id, at: alert.t, alert })),
    ...run.findings.map((finding) => ({ kind: "finding" as const, id: finding.id, at: finding.t, finding })),
  ];
  return items.sort((a, b) => b.at - a.at);
}

const acted = (item: Item) =>
  item.kind === "decision" && item.decision.stages.some(({ stage }) => stage === "applied");

/** The items of a kind. */
export function filtered(items: Item[], show: Show): Item[] {
  switch (show) {
    case "all":
      return items;
    case "applied":
      return items.filter(acted);
    case "held":
      return items.filter((item) => item.kind === "decision" && !acted(item));
    case "alerts":
      return items.filter((item) => item.kind === "alert");
    case "findings":
      return items.filter((item) => item.kind === "finding");
  }
}

/** What choosing an item selects: its component, and the decision if it is one. */
export function selectionOf(item: Item): Selection {
  switch (item.kind) {
    case "decision":
      return { node: item.decision.component, decision: item.id };
    case "alert":
      return { node: item.alert.component || null, decision: null };
    case "finding":
      return { node: item.finding.component || null, decision: null };
  }
}
