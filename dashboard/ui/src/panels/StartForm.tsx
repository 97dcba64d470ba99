import { useState } from "react";
import { useAnswer } from "../hooks/useAnswer";
import { go } from "../hooks/useRoute";
import { useDesk, usePage } from "../hooks/useSimulation";
import { runPath } from "../route";
import { linesOf } from "../services/problem";
import { permitted } from "../state/permission";
import type { GraphSummary, Scenario, StartResponse } from "../wire";
import { Button } from "./Button";
import { type Draft, FIRST_DRAFT, faultsOf, runDraftOf } from "./draft";
import { NumberField } from "./NumberField";
import { Problems } from "./Problems";
import { ShapeEditor } from "./ShapeEditor";

/** Starts something and goes to its run. */
function useStart() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<readonly string[]>([]);
  const start = async (ask: () => Promise<StartResponse>) => {
    setBusy(true);
    setProblem([]);
    try {
      go(runPath((await ask()).simulationId));
    } catch (error) {
      setProblem(linesOf(error));
      setBusy(false);
    }
  };
  return { busy, problem, start };
}

/** Why a scenario cannot be started here, if it cannot. */
function Scenarios({ scenarios }: { scenarios: readonly Scenario[] }) {
  const { service } = useDesk();
  const session = usePage((state) => state.session);
  const { busy, problem, start } = useStart();
  const may = permitted(session, "create simulations");
  return (
    <>
      <ul className="fc-scenarios" aria-busy={busy}>
        {scenarios.map(({ name, title, description, playable }) => (
          <li key={name}>
            <b>{title}</b>
            <p>{description}</p>
            <Button
              permission={
                busy
                  ? { allowed: false, reason: "A run is being started." }
                  : playable
                    ? may
                    : { allowed: false, reason: "It needs a recorded trace: start it by flashcrowd run." }
              }
              name={`Play ${title}`}
              tone="primary"
              onPress={() => void start(() => service.startScenario(name))}
            >
              Play
            </Button>
          </li>
        ))}
      </ul>
      <Problems lines={problem} />
    </>
  );
}

const classes = ["read", "write", "static", "async"] as const;

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
}

function GraphPicker({ draft, set, graphs }: PartProps & { graphs: readonly GraphSummary[] }) {
  return (
    <label className="fc-field">
      <span>Graph</span>
      <select
        value={draft.graph === "" ? "" : `${draft.namespace}/${draft.graph}`}
        onChange={(event) => {
          const chosen = graphs.find((graph) => `${graph.namespace}/${graph.name}` === event.target.value);
          set({ graph: chosen?.name ?? "", namespace: chosen?.namespace ?? "" });
        }}
      >
        <option value="">choose…</option>
        {graphs.map((graph) => (
          <option
            key={graph.id}
            value={`${graph.namespace}/${graph.name}`}
            disabled={!graph.accepted || graph.heldBy !== ""}
          >
            {graph.name}
            {graph.accepted ? "" : " (not accepted)"}
            {graph.heldBy === "" ? "" : ` (played on by ${graph.heldBy})`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Mix({ draft, set }: PartProps) {
  return (
    <fieldset className="fc-fields">
      <legend>Mix</legend>
      {classes.map((name) => (
        <NumberField
          key={name}
          label={name}
          unit="%"
          value={draft.mix[name]}
          max={100}
          onChange={(share) => set({ mix: { ...draft.mix, [name]: share } })}
        />
      ))}
    </fieldset>
  );
}

function Rules({ draft, set }: PartProps) {
  const { enabled, mode } = draft.autoScaling;
  const choice = enabled ? mode : "Off";
  return (
    <label className="fc-field">
      <span>Auto-scale</span>
      <select
        value={choice}
        onChange={({ target }) =>
          set({
            autoScaling: {
              enabled: target.value !== "Off",
              mode: target.value === "DryRun" ? "DryRun" : "Act",
            },
          })
        }
      >
        <option value="Act">on</option>
        <option value="DryRun">dry run: judge, change nothing</option>
        <option value="Off">off</option>
      </select>
    </label>
  );
}

/** A run of one's own on one of some graphs, at first on the only one. */
export function OwnRun({ graphs }: { graphs: readonly GraphSummary[] }) {
  const { service } = useDesk();
  const session = usePage((state) => state.session);
  const [only] = graphs.length === 1 ? graphs : [];
  const [draft, setDraft] = useState<Draft>({
    ...FIRST_DRAFT,
    graph: only?.name ?? "",
    namespace: only?.namespace ?? "",
  });
  const { busy, problem, start } = useStart();
  const set = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }));
  const faults = faultsOf(draft);
  const may = permitted(session, "create simulations");
  const permission = !may.allowed
    ? may
    : busy
      ? { allowed: false as const, reason: "A run is being started." }
      : faults.length > 0
        ? { allowed: false as const, reason: faults.join(" ") }
        : may;
  return (
    <form className="fc-start" aria-label="Start a run" onSubmit={(event) => event.preventDefault()}>
      <div className="fc-fields">
        <GraphPicker draft={draft} set={set} graphs={graphs} />
        <NumberField
          label="Duration"
          unit="s"
          value={draft.durationSeconds}
          max={86_400}
          onChange={(durationSeconds) => set({ durationSeconds })}
        />
        <Rules draft={draft} set={set} />
        <NumberField
          label="p99 at most"
          unit="ms"
          value={draft.p99Ms ?? 0}
          max={600_000}
          onChange={(ms) => set({ p99Ms: ms === 0 ? null : ms })}
        />
        <NumberField
          label="Seed"
          unit=""
          value={draft.seed}
          max={Number.MAX_SAFE_INTEGER}
          onChange={(seed) => set({ seed })}
        />
      </div>
      <ShapeEditor
        form={draft.form}
        durationSeconds={draft.durationSeconds}
        onChange={(form) => set({ form })}
      />
      <Mix draft={draft} set={set} />
      {draft.graph !== "" && <Problems lines={faults} />}
      <Button
        permission={permission}
        tone="primary"
        onPress={() => void start(() => service.create(runDraftOf(draft)))}
      >
        Start the run
      </Button>
      <Problems lines={problem} />
    </form>
  );
}

/** Begins a run: a ready-made scenario, or traffic of one's own on a graph. */
export function StartForm() {
  const { service } = useDesk();
  const scenarios = useAnswer(service.scenarios);
  const graphs = useAnswer(service.graphs);
  return (
    <section aria-label="Start" className="fc-begin">
      <h2>Play a scenario</h2>
      {scenarios.state === "waiting" && <p className="waiting">Loading…</p>}
      {scenarios.state === "failed" && <Problems lines={scenarios.lines} />}
      {scenarios.state === "here" && scenarios.value.items.length === 0 && (
        <p className="fc-hint">This server has no ready-made scenarios.</p>
      )}
      {scenarios.state === "here" && <Scenarios scenarios={scenarios.value.items} />}
      <h2>Rehearse a graph of yours</h2>
      {graphs.state === "failed" && <Problems lines={graphs.lines} />}
      {graphs.state === "here" && graphs.value.items.length === 0 && (
        <p className="fc-hint">There is no graph yet: draw one, or apply a ComponentGraph.</p>
      )}
      {graphs.state === "here" && graphs.value.items.length > 0 && <OwnRun graphs={graphs.value.items} />}
    </section>
  );
}
