import { useEffect, useState } from "react";
import { useAnswer } from "../hooks/useAnswer";
import { useDesk } from "../hooks/useSimulation";
import { Go } from "../pages/Go";
import { runPath } from "../route";
import { formatClock, formatMs, formatPercent, formatRate, words } from "../text/format";
import type { RunList, RunSummary } from "../wire";
import { Problems } from "./Problems";

/** The list is asked for so often while somebody looks at it, in milliseconds. */
const REFRESH_MS = 2000;

/** The runs whose name, graph or state has what is searched. */
export function foundRuns(runs: readonly RunSummary[], search: string): readonly RunSummary[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return runs;
  return runs.filter((run) =>
    [run.name, run.namespace, run.graph, words(run.stage)].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  );
}

function Line({ run }: { run: RunSummary }) {
  return (
    <tr>
      <th scope="row">
        <Go to={runPath(run.id)}>{run.name}</Go>
      </th>
      <td>{run.graph}</td>
      <td>
        <span className={`fc-verdict fc-verdict-${run.verdict.toLowerCase()}`} title={run.message}>
          {words(run.stage)}
        </span>
      </td>
      <td>
        {formatClock(run.elapsedSeconds)} / {formatClock(run.durationSeconds)}
      </td>
      <td>{formatRate(run.requestsPerSecond)}</td>
      <td>{formatMs(run.p99Ms)}</td>
      <td>{formatPercent(run.errorPercent)}</td>
      <td>{run.decisions}</td>
    </tr>
  );
}

function Empty() {
  return (
    <div className="fc-empty">
      <p>No run yet. Start one below, or from a terminal:</p>
      <code>kubectl apply -f config/samples/scenario-1.yaml</code>
    </div>
  );
}

/** Asks for the runs again and again while the page is seen. */
function useRuns() {
  const { service } = useDesk();
  const first = useAnswer(service.runs);
  const [newer, setNewer] = useState<RunList | null>(null);
  useEffect(() => {
    let wanted = true;
    const ask = () => {
      if (document.hidden) return;
      service.runs().then(
        (list) => wanted && setNewer(list),
        () => {}, // what is shown stays; the next answer replaces it
      );
    };
    const timer = setInterval(ask, REFRESH_MS);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [service]);
  return newer === null ? first : { state: "here" as const, value: newer };
}

/** All runs, the newest first. */
export function RunsList() {
  const runs = useRuns();
  const [search, setSearch] = useState("");
  if (runs.state === "waiting") return <p className="waiting">Loading…</p>;
  if (runs.state === "failed") return <Problems lines={runs.lines} />;
  if (runs.value.items.length === 0) return <Empty />;
  const shown = foundRuns(runs.value.items, search);
  return (
    <section className="fc-runs" aria-label="Runs">
      <input
        type="search"
        value={search}
        placeholder="Search by name, graph or state"
        aria-label="Search runs"
        onChange={(event) => setSearch(event.target.value)}
      />
      <table className="list">
        <thead>
          <tr>
            {["Run", "Graph", "State", "Time", "Rate", "p99", "Errors", "Decisions"].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((run) => (
            <Line key={run.id} run={run} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p className="fc-hint">No run has that in its name, graph or state.</p>}
    </section>
  );
}
