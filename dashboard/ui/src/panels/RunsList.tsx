import { useState } from "react";
import { type Kept, useKept, useRuns } from "../hooks/useRuns";
import { useSettled } from "../hooks/useSettled";
import { Go } from "../pages/Go";
import { comparePath, runPath } from "../route";
import {
  capitalise,
  formatClock,
  formatMoment,
  formatMs,
  formatPercent,
  formatRate,
  words,
} from "../text/format";
import type { RunSummary } from "../wire";
import { Choice } from "./Choice";
import { Problems } from "./Problems";
import {
  ANYTHING,
  type Kind,
  kindOf,
  MOST_COMPARED,
  partsOf,
  VERDICTS,
  type Verdict,
  type Wanted,
} from "./runlist";

/** The history is asked when nothing was typed for so long, in milliseconds. */
const SETTLED_MS = 250;

const kinds: readonly { tab: Kind | "all"; name: string }[] = [
  { tab: "all", name: "All" },
  { tab: "running", name: "Running" },
  { tab: "finished", name: "Finished" },
  { tab: "kept", name: "Kept" },
];

const KEPT = "Its object is gone from the cluster; the history has all that was recorded.";

/** The columns after the one that runs are chosen in. */
const titles = ["Run", "State", "Started", "Time", "Rate", "p99", "Errors", "Decisions"];

function KindMark({ kind, met }: { kind: Kind; met: boolean }) {
  return (
    <svg className={`fc-kind fc-kind-${kind}`} viewBox="0 0 16 16" aria-hidden="true">
      {kind === "running" && <path d="M4.5 3v10l8-5z" />}
      {kind === "finished" && <path d={met ? "M3 8.5 6.5 12 13 4.5" : "m4 4 8 8m0-8-8 8"} />}
      {kind === "kept" && <path d="M2 3.5h12v3H2zm1 3h10v6.5H3zM6.5 9h3" />}
    </svg>
  );
}

function State({ run }: { run: RunSummary }) {
  const kind = kindOf(run);
  return (
    <td>
      <span className={`fc-verdict fc-verdict-${run.verdict.toLowerCase()}`} title={run.message}>
        <KindMark kind={kind} met={run.verdict === "Met"} />
        {capitalise(words(run.stage))}
      </span>
      {kind === "kept" && (
        <small className="fc-tag" title={KEPT}>
          kept
        </small>
      )}
    </td>
  );
}

/** The runs that are chosen to be compared, in that order. */
interface Choosing {
  chosen: readonly RunSummary[];
  onChoose(chosen: readonly RunSummary[]): void;
}

function Choose({ run, chosen, onChoose }: Choosing & { run: RunSummary }) {
  const place = chosen.findIndex(({ id }) => id === run.id);
  return (
    <td>
      <label className="fc-choose">
        <input
          type="checkbox"
          checked={place >= 0}
          disabled={place < 0 && chosen.length >= MOST_COMPARED}
          aria-label={`Compare ${run.name}`}
          onChange={() => onChoose(place < 0 ? [...chosen, run] : chosen.toSpliced(place, 1))}
        />
      </label>
    </td>
  );
}

function Line({ run, ...choosing }: Choosing & { run: RunSummary }) {
  const at = run.startedAt ?? run.createdAt;
  return (
    <tr className={`fc-run fc-run-${kindOf(run)}`}>
      <Choose run={run} {...choosing} />
      <th scope="row">
        <Go to={runPath(run.id)}>{run.name}</Go>
        <small>{run.graph}</small>
      </th>
      <State run={run} />
      <td>
        <time dateTime={new Date(at).toISOString()}>{formatMoment(at)}</time>
        {run.startedBy !== "" && <small title={run.startedBy}>by {run.startedBy}</small>}
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

function Part({ title, runs, ...choosing }: Choosing & { title: string; runs: readonly RunSummary[] }) {
  if (runs.length === 0) return null;
  return (
    <tbody>
      <tr className="fc-part">
        <th colSpan={titles.length + 1} scope="rowgroup">
          {title}
        </th>
      </tr>
      {runs.map((run) => (
        <Line key={run.id} run={run} {...choosing} />
      ))}
    </tbody>
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

function Filter({ wanted, onWant }: { wanted: Wanted; onWant(part: Partial<Wanted>): void }) {
  return (
    <div className="fc-filter">
      <Choice
        name="kind"
        label="Which runs"
        choices={kinds}
        chosen={wanted.kind ?? "all"}
        onChoose={(tab) => onWant({ kind: tab === "all" ? null : tab })}
      />
      <select
        aria-label="Verdict"
        value={wanted.verdict ?? ""}
        onChange={({ target }) => onWant({ verdict: target.value === "" ? null : (target.value as Verdict) })}
      >
        <option value="">Any verdict</option>
        {VERDICTS.map((verdict) => (
          <option key={verdict}>{verdict}</option>
        ))}
      </select>
      <input
        type="search"
        value={wanted.search}
        placeholder="Search by name, graph or who started it"
        aria-label="Search runs"
        onChange={({ target }) => onWant({ search: target.value })}
      />
    </div>
  );
}

/** The runs that are chosen, and the way to see them side by side. */
function Chosen({ chosen, onChoose }: Choosing) {
  if (chosen.length === 0) return null;
  return (
    <section className="fc-chosen" aria-label="Chosen runs">
      <span>{chosen.map(({ name }) => name).join(" · ")}</span>
      {chosen.length < 2 ? (
        <span className="fc-quiet">Choose another run to compare it with.</span>
      ) : (
        <Go to={comparePath(chosen.map(({ id }) => id))} className="fc-go">
          Compare {chosen.length} runs
        </Go>
      )}
      <button type="button" className="fc-button" onClick={() => onChoose([])}>
        Clear
      </button>
    </section>
  );
}

/** What stands below the list: more of it, or why there is none. */
function Foot({ kept, wanted, some }: { kept: Kept; wanted: Wanted; some: boolean }) {
  const concerned = wanted.kind === null || wanted.kind === "kept";
  return (
    <>
      {concerned && kept.problem.length > 0 && (
        <p className="fc-warning" role="status">
          Runs that were kept cannot be listed now. {kept.problem.join(" ")}
        </p>
      )}
      {!some && <p className="fc-hint">{kept.waiting ? "Looking…" : "No run is like that."}</p>}
      {concerned && kept.more !== null && (
        <button type="button" className="fc-button fc-more" onClick={kept.more}>
          Show older runs
        </button>
      )}
    </>
  );
}

/** All runs: those that go on first, then those that ended, the newest first. */
export function RunsList() {
  const runs = useRuns();
  const [wanted, setWanted] = useState(ANYTHING);
  const [chosen, setChosen] = useState<readonly RunSummary[]>([]);
  const choosing = { chosen, onChoose: setChosen };
  const kept = useKept(useSettled(wanted.search.trim(), SETTLED_MS), wanted.verdict);
  if (runs.state === "waiting") return <p className="waiting">Loading…</p>;
  if (runs.state === "failed") return <Problems lines={runs.lines} />;
  const { items } = runs.value;
  const idle = wanted === ANYTHING && !kept.waiting && kept.problem.length === 0;
  if (items.length + kept.items.length === 0 && idle) return <Empty />;
  const { running, ended } = partsOf(items, kept.items, kept.more !== null, wanted);
  return (
    <section className="fc-runs" aria-label="Runs">
      <Filter wanted={wanted} onWant={(part) => setWanted((was) => ({ ...was, ...part }))} />
      <div className="fc-scroll">
        <table className="list">
          <thead>
            <tr>
              <th scope="col">
                <span className="unseen">Compare</span>
              </th>
              {titles.map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <Part title="Running" runs={running} {...choosing} />
          <Part title="Ended" runs={ended} {...choosing} />
        </table>
      </div>
      <Chosen {...choosing} />
      <Foot kept={kept} wanted={wanted} some={running.length + ended.length > 0} />
    </section>
  );
}
