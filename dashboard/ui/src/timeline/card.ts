import { capitalise, formatBeside, formatClock, formatDuration, formatUnit, words } from "../text/format";
import type { DecisionSignal, DecisionStage, ScalingDecision } from "../wire";

/** One stage on a card. */
export interface CardStage {
  stage: DecisionStage;
  name: string;
  /** Clock of the run at which it was reached; null while it is still to come. */
  clock: string | null;
  /** Seconds since the stage before, in words; null for the first. */
  took: string | null;
}

/** A value against its threshold, in words. */
export interface CardSignal {
  name: string;
  value: string;
  /** "above 80 %" or "below 30 %"; empty where the rule names no threshold. */
  against: string;
  window: string;
  /** Where the value stands if the threshold is the middle of a bar, in percent of the bar. */
  share: number | null;
}

/** A decision as its card tells it. */
export interface Card {
  title: string;
  /** Acted, would act or did not act; the tone of the card. */
  tone: "applied" | "held" | "helped" | "noEffect" | "worse";
  /** The one word of the badge. */
  badge: string;
  stages: CardStage[];
  signals: CardSignal[];
  /** Why it was held back, in words; empty when it was not. */
  constraint: string;
  replicas: string;
  effect: string;
}

const stageNames: Record<DecisionStage, string> = {
  seen: "Seen",
  held: "Held back",
  applied: "Applied",
  ready: "Ready",
  effect: "Effect measured",
};

const constraints: ReadonlyMap<string, string> = new Map([
  ["WithinTolerance", "the deviation from the target is too small"],
  ["Pending", "true, but not for long enough yet"],
  ["Cooling", "too soon after the last change"],
  ["ReArming", "the window still shows the time before the last change"],
  ["Stabilized", "another size was recommended within the stabilization window"],
  ["RateLimited", "a rate policy allows no more now"],
  ["AtMax", "the component has as many replicas as it may"],
  ["AtMin", "the component has as few replicas as it may"],
  ["Unknown", "a signal is not known"],
  ["WouldFlap", "the smaller size would scale out again"],
  ["WrongBottleneck", "the time is spent elsewhere"],
  ["DownstreamLimit", "a declared limit of a peer stands in the way"],
  ["OverBudget", "the budget of replicas is used up"],
  ["NoEffect", "the last actions did not help"],
  ["FlapFrozen", "it was reversed too often"],
  ["Suspended", "auto-scaling is suspended"],
  ["DryRun", "dry run: recorded, not done"],
  ["AmbiguousOwner", "somebody else scales this too"],
  ["Busy", "CPU is low, but requests occupy the replicas"],
  ["Outvoted", "another rule's proposal won"],
  ["OneAtATime", "another structural change goes first"],
  ["AlreadyThere", "the layer to insert exists"],
  ["Exhausted", "the rule has acted as often as it may"],
  ["ScaledToZero", "somebody set zero replicas"],
  ["Recovering", "state was lost; one full window must pass"],
]);

/** What a rule was held back by, in words. */
export function constraintWords(constraint: string | undefined): string {
  return constraint ? (constraints.get(constraint) ?? words(constraint)) : "";
}

/** The way of stages that a decision goes: over held or straight to applied. */
function way(decision: ScalingDecision): DecisionStage[] {
  const reached = decision.stages.map(({ stage }) => stage);
  const acts = reached.includes("applied");
  const coming: DecisionStage[] = acts ? ["applied", "ready", "effect"] : [];
  return [...reached, ...coming.filter((stage) => decision.open && !reached.includes(stage))];
}

function stagesOf(decision: ScalingDecision, zero: number): CardStage[] {
  return way(decision).map((stage, place) => {
    const at = decision.stages[place]?.t;
    const before = decision.stages[place - 1]?.t;
    return {
      stage,
      name: stageNames[stage],
      clock: at === undefined ? null : formatClock((at - zero) / 1000),
      took: at === undefined || before === undefined ? null : formatDuration((at - before) / 1000),
    };
  });
}

function signalOf(signal: DecisionSignal): CardSignal {
  const { threshold, value, unit } = signal;
  const side = threshold !== null && value < threshold ? "below" : "above";
  return {
    name: words(signal.name),
    value: formatBeside(value, threshold, unit),
    against: threshold === null ? "" : `${side} ${formatUnit(threshold, unit)}`,
    window: `over ${formatDuration(signal.windowSeconds)}`,
    share: threshold === null || threshold <= 0 ? null : Math.min(100, Math.max(0, (50 * value) / threshold)),
  };
}

function toneOf(decision: ScalingDecision): Pick<Card, "tone" | "badge"> {
  switch (decision.effect?.verdict) {
    case "Helped":
      return { tone: "helped", badge: "Helped" };
    case "Worse":
      return { tone: "worse", badge: "Made worse" };
    case "NoEffect":
      return { tone: "noEffect", badge: "No effect" };
  }
  if (decision.stages.some(({ stage }) => stage === "applied")) return { tone: "applied", badge: "Applied" };
  if (decision.stage === "seen") return { tone: "held", badge: "Seen" };
  return { tone: "held", badge: decision.open ? "Held back" : "Let go" };
}

function effectOf({ effect }: ScalingDecision): string {
  if (effect === null) return "";
  const before = formatUnit(effect.before, effect.unit);
  return `${words(effect.signal)} ${before} → ${formatUnit(effect.after, effect.unit)}`;
}

/** The card of a decision; zero is second 0 of the run in milliseconds since 1970. */
export function cardOf(decision: ScalingDecision, zero: number): Card {
  const action = capitalise(words(decision.action || "judge"));
  return {
    title: `${action} · ${decision.component}`,
    ...toneOf(decision),
    stages: stagesOf(decision, zero),
    signals: decision.signals.map(signalOf),
    constraint: constraintWords(decision.constraint),
    replicas: decision.from === decision.to ? "" : `${decision.from} → ${decision.to} replicas`,
    effect: effectOf(decision),
  };
}
