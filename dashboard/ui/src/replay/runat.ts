import type { Run } from "../state/run";
import { canvasAt } from "../state/topology";
import type { Phase, RunAlert, ScalingDecision } from "../wire";

function reached(decision: ScalingDecision, at: number): ScalingDecision[] {
  const stages = decision.stages.filter((stage) => stage.t <= at);
  const last = stages.at(-1);
  if (last === undefined) return [];
  const whole = stages.length === decision.stages.length;
  const ready = stages.some((stage) => stage.stage === "ready");
  return [
    {
      ...decision,
      stage: last.stage,
      stages,
      open: whole ? decision.open : true,
      effect: last.stage === "effect" ? decision.effect : null,
      readySeconds: ready ? decision.readySeconds : null,
    },
  ];
}

function alertAt(alert: RunAlert, at: number): RunAlert[] {
  if (alert.t > at) return [];
  const cleared = alert.clearedAt !== null && alert.clearedAt <= at;
  return [{ ...alert, clearedAt: cleared ? alert.clearedAt : null }];
}

function phaseAt(phase: Phase, at: number): Phase {
  if (!phase.finished || (phase.endedAt !== null && at >= phase.endedAt)) return phase;
  return {
    ...phase,
    stage: "Running",
    message: "replaying what was recorded",
    finished: false,
    endedAt: null,
  };
}

/**
 * The run as it was at a time in milliseconds since 1970. At the end it is the
 * run itself, so live view and replay show one picture.
 */
export function runAt(run: Run, at: number): Run {
  return {
    ...run,
    topology: canvasAt(run.base, run.log, at),
    log: run.log.filter((change) => change.t <= at),
    decisions: run.decisions.flatMap((decision) => reached(decision, at)),
    alerts: run.alerts.flatMap((alert) => alertAt(alert, at)),
    findings: run.findings.filter((finding) => finding.t <= at),
    phase: phaseAt(run.phase, at),
  };
}

/** A decision that changed the architecture, and its second. */
export interface Mark {
  second: number;
  decision: ScalingDecision;
}

/** The decisions that changed the architecture, in order: what Shift+arrows jump to. */
export function marks(run: Run, startedAt: number): Mark[] {
  return run.decisions
    .flatMap((decision) => {
      const applied = decision.stages.find((stage) => stage.stage === "applied");
      return applied === undefined ? [] : [{ second: (applied.t - startedAt) / 1000, decision }];
    })
    .sort((a, b) => a.second - b.second);
}
