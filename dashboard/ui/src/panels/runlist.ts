import { words } from "../text/format";
import type { RunSummary } from "../wire";

/** Whether a run goes on, has ended, or is only in the history because its object is gone. */
export type Kind = "running" | "finished" | "kept";

/** What a run is. */
export function kindOf({ kept, finished }: RunSummary): Kind {
  if (kept) return "kept";
  return finished ? "finished" : "running";
}

/** The verdicts of runs that ended, as the server names them. */
export const VERDICTS = ["Met", "Missed", "Stopped", "Failed"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** So many runs are compared at once. */
export const MOST_COMPARED = 10;

/** What the reader looks for; null is anything. */
export interface Wanted {
  search: string;
  kind: Kind | null;
  verdict: Verdict | null;
}

/** Everything. */
export const ANYTHING: Wanted = { search: "", kind: null, verdict: null };

/** The runs that are what is looked for, in their order. */
export function foundRuns(runs: readonly RunSummary[], { search, kind, verdict }: Wanted): RunSummary[] {
  const text = search.trim().toLowerCase();
  return runs.filter(
    (run) =>
      (kind === null || kindOf(run) === kind) &&
      (verdict === null || run.verdict === verdict) &&
      [`${run.namespace}/${run.name}`, run.graph, run.startedBy, words(run.stage)].some((has) =>
        has.toLowerCase().includes(text),
      ),
  );
}

/** The order of the history's pages. */
const newest = (a: RunSummary, b: RunSummary) =>
  b.createdAt - a.createdAt || Number(a.id < b.id) - Number(a.id > b.id);

/** Runs in the two parts of the list, each the newest first. */
export interface Parts {
  running: RunSummary[];
  ended: RunSummary[];
}

/**
 * Runs of the cluster and kept ones in one list. A run that is in both is the
 * cluster's. While the history has more, what ended before the last kept run
 * that is here waits, so that nothing comes between later.
 */
export function partsOf(
  cluster: readonly RunSummary[],
  kept: readonly RunSummary[],
  more: boolean,
  wanted: Wanted,
): Parts {
  const here = new Set(cluster.map(({ id }) => id));
  const all = [
    ...foundRuns(cluster, wanted),
    ...foundKept(
      kept.filter(({ id }) => !here.has(id)),
      wanted,
    ),
  ];
  const last = kept.toSorted(newest).at(-1);
  const told = (run: RunSummary) =>
    !more || wanted.kind === "finished" || last === undefined || newest(run, last) <= 0;
  return {
    running: all.filter((run) => kindOf(run) === "running").toSorted(newest),
    ended: all.filter((run) => kindOf(run) !== "running" && told(run)).toSorted(newest),
  };
}

/** Kept runs were searched by the history, which knows no stages. */
const foundKept = (kept: readonly RunSummary[], wanted: Wanted) => foundRuns(kept, { ...wanted, search: "" });
