import type { RunDraft } from "../wire";
import { type Form, MAX_RATE, trafficOf } from "./traffic";

/** A run as the start form holds it. */
export interface Draft {
  /** Graph by its name; the run lives in its namespace. */
  graph: string;
  namespace: string;
  durationSeconds: number;
  form: Form;
  /** Share of each class in percent. */
  mix: { read: number; write: number; static: number; async: number };
  autoScaling: { enabled: boolean; mode: "Act" | "DryRun" };
  /** Latency that 99 in 100 requests should stay below, in milliseconds; null for no objective. */
  p99Ms: number | null;
  seed: number;
}

/** What the form begins with. */
export const FIRST_DRAFT: Draft = {
  graph: "",
  namespace: "",
  durationSeconds: 180,
  form: { kind: "Ramp", rate: 100, peak: 1000 },
  mix: { read: 80, write: 20, static: 0, async: 0 },
  autoScaling: { enabled: true, mode: "Act" },
  p99Ms: 500,
  seed: 1,
};

const whole = (value: number, low: number, high: number) =>
  Number.isInteger(value) && value >= low && value <= high;

function formFaults(form: Form): string[] {
  const faults: string[] = [];
  const rate = (value: number, what: string) => {
    if (!whole(value, 0, MAX_RATE)) faults.push(`${what}: write a rate from 0 to 200,000 requests a second.`);
  };
  rate(form.rate, "Rate");
  if ("peak" in form) rate(form.peak, "Peak");
  if (form.kind === "Wave" && !whole(form.periodSeconds, 2, 86_400)) {
    faults.push("Period: write 2 to 86,400 seconds.");
  }
  if (form.kind === "Trace" && form.counts.length === 0) {
    faults.push("Trace: choose a CSV file of request counts, one row an interval.");
  }
  if (form.kind === "Stages") {
    if (form.stages.length === 0) faults.push("Stages: add at least one.");
    if (form.stages.length > 100) faults.push("Stages: keep to 100 at most.");
    form.stages.forEach((stage, place) => {
      rate(stage.rate, `Stage ${place + 1}`);
      if (!whole(stage.durationSeconds, 1, 86_400)) {
        faults.push(`Stage ${place + 1}: write a duration from 1 to 86,400 seconds.`);
      }
    });
  }
  return faults;
}

/** What is wrong with a draft, in words that say what to write instead; the API server judges again. */
export function faultsOf(draft: Draft): string[] {
  const faults: string[] = [];
  if (draft.graph === "") faults.push("Graph: choose the one to rehearse.");
  if (!whole(draft.durationSeconds, 1, 86_400)) faults.push("Duration: write 1 to 86,400 seconds.");
  faults.push(...formFaults(draft.form));
  const shares = Object.values(draft.mix);
  const sum = shares.reduce((all, share) => all + share, 0);
  if (shares.some((share) => !whole(share, 0, 100))) faults.push("Mix: write whole percentages.");
  else if (sum !== 100) faults.push(`Mix: the shares add up to ${sum} %, make them 100 %.`);
  if (draft.p99Ms !== null && !(draft.p99Ms > 0)) faults.push("p99: write milliseconds above 0.");
  if (!whole(draft.seed, 0, Number.MAX_SAFE_INTEGER)) faults.push("Seed: write a whole number.");
  return faults;
}

/** The draft as the server takes it. */
export function runDraftOf(draft: Draft): RunDraft {
  const { mix } = draft;
  return {
    namespace: draft.namespace,
    spec: {
      graphRef: { name: draft.graph },
      durationSeconds: draft.durationSeconds,
      seed: draft.seed,
      traffic: {
        ...trafficOf(draft.form, draft.durationSeconds),
        mix: {
          readPercent: mix.read,
          writePercent: mix.write,
          staticPercent: mix.static,
          asyncPercent: mix.async,
        },
      },
      autoScaling: draft.autoScaling,
      ...(draft.p99Ms === null
        ? {}
        : { objectives: [{ name: "p99", latency: { percentile: 99, threshold: `${draft.p99Ms}ms` } }] }),
    },
  };
}
