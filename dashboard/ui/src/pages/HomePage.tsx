import { useAnswer } from "../hooks/useAnswer";
import { useDesk } from "../hooks/useSimulation";
import { runPath } from "../route";
import { formatMs, formatRate, words } from "../text/format";
import type { GraphSummary, RunSummary } from "../wire";
import { Go } from "./Go";

function Runs({ runs }: { runs: readonly RunSummary[] }) {
  if (runs.length === 0) {
    return (
      <p className="hint">
        No run yet. Apply a graph and a simulation with <code>kubectl apply -f</code>, or{" "}
        <code>flashcrowd run FILE</code>.
      </p>
    );
  }
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Graph</th>
          <th scope="col">State</th>
          <th scope="col">Rate</th>
          <th scope="col">p99</th>
          <th scope="col">Decisions</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row">
              <Go to={runPath(run.id)}>{run.name}</Go>
            </th>
            <td>{run.graph}</td>
            <td title={run.message}>{words(run.stage)}</td>
            <td>{formatRate(run.requestsPerSecond)}</td>
            <td>{formatMs(run.p99Ms)}</td>
            <td>{run.decisions}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Graphs({ graphs }: { graphs: readonly GraphSummary[] }) {
  if (graphs.length === 0) return <p className="hint">No graph yet.</p>;
  return (
    <ul className="cards">
      {graphs.map((graph) => (
        <li key={graph.id}>
          <b>{graph.name}</b>
          <span>{graph.components} components</span>
          {!graph.accepted && <span className="wrong">{graph.message}</span>}
        </li>
      ))}
    </ul>
  );
}

/** All runs and graphs. */
export function HomePage() {
  const { service } = useDesk();
  const runs = useAnswer(service.runs);
  const graphs = useAnswer(service.graphs);
  return (
    <main className="sheet">
      <h1>Runs</h1>
      {runs.state === "waiting" && <p className="waiting">Loading…</p>}
      {runs.state === "failed" && <p role="alert">{runs.lines.join(" ")}</p>}
      {runs.state === "here" && <Runs runs={runs.value.items} />}
      <h2>Graphs</h2>
      {graphs.state === "failed" && <p role="alert">{graphs.lines.join(" ")}</p>}
      {graphs.state === "here" && <Graphs graphs={graphs.value.items} />}
    </main>
  );
}
