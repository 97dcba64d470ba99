import type { Comparison, Replay, ReportDecision, Spread } from "../src/wire";

/** Decisions of a run that were applied, as reports have them. */
function decisionsOf({ snapshot }: Replay): ReportDecision[] {
  const zero = snapshot.run.startedAt ?? snapshot.run.createdAt;
  return snapshot.decisions.flatMap((decision) => {
    const applied = decision.stages.find(({ stage }) => stage === "applied");
    if (applied === undefined) return [];
    const { rule, component, from, to, reason } = decision;
    const time = new Date(applied.t).toISOString();
    const second = (applied.t - zero) / 1000;
    return [{ time, second, rule, action: decision.action ?? rule, component, from, to, reason }];
  });
}

const mean = (values: readonly (number | null)[] | undefined) =>
  (values ?? []).reduce<number>((sum, value) => sum + (value ?? 0), 0) / Math.max(1, values?.length ?? 0);

/** The share of the mean by which repetitions of a fixture's run differ. */
const NOISE = 0.03;

/** How runs compare, as the server tells it, each with two repetitions that differ a little. */
export function comparisonOf(replays: readonly Replay[]): Comparison {
  const [first] = replays;
  const measure = (name: string, unit: string, of: (replay: Replay) => number) => {
    const spreads: Spread[] = replays.map((replay) => {
      return { runs: 3, mean: of(replay), deviation: NOISE * of(replay) };
    });
    const base = spreads[0]?.mean ?? 0;
    const judgements = spreads
      .slice(1)
      .map(({ mean }) => (Math.abs(mean - base) > 3 * NOISE * base ? "differs" : "within noise"));
    return { name, unit, spreads, judgements } as Comparison["measures"][number];
  };
  const enabled = replays.map(({ snapshot }) => String(snapshot.control.autoScaling.enabled));
  const sizes = replays.map(({ snapshot }) =>
    String(snapshot.topology.nodes.find(({ id }) => id === "api-server")?.replicas ?? ""),
  );
  const differ = (field: string, values: string[]) => (new Set(values).size > 1 ? [{ field, values }] : []);
  return {
    runs: replays.map((replay) => ({
      id: replay.snapshot.run.id,
      name: `${replay.snapshot.run.namespace}/${replay.snapshot.run.name}`,
      verdict: replay.snapshot.run.verdict as Comparison["runs"][number]["verdict"],
      valid: true,
      repetitions: 2,
      decisions: decisionsOf(replay),
    })),
    settings: differ("simulation.autoScaling.enabled", enabled),
    replicas: differ("api-server", sizes),
    measures: [
      measure("latency p50", "ms", ({ total }) => mean(total.p50)),
      measure("latency p95", "ms", ({ total }) => mean(total.p95)),
      measure("latency p99", "ms", ({ total }) => mean(total.p99)),
      measure("requests", "req/s", ({ total }) => mean(total.rate)),
      measure("decisions", "", (replay) => decisionsOf(replay).length),
      measure(
        "capacity",
        "replica-s",
        ({ snapshot }) => 120 * snapshot.topology.nodes.reduce((sum, { replicas }) => sum + replicas, 0),
      ),
    ].filter(() => first !== undefined),
  };
}
