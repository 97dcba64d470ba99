import { useMemo } from "react";
import { type Chart, endToEnd, eventMarks, ofComponent } from "../charts/model";
import { TimeChart } from "../charts/TimeChart";
import { useDesk, usePage, useSimulation } from "../hooks/useSimulation";
import { seek } from "../scrubber/cursor";
import { formatUnit } from "../text/format";
import type { Objective } from "../wire";

function Objectives({ objectives }: { objectives: readonly Objective[] }) {
  if (objectives.length === 0) return <p className="fc-hint">This run has no objectives.</p>;
  return (
    <ul className="fc-objectives">
      {objectives.map(({ name, target, unit, met, value }) => {
        const state = met === null ? "open" : met ? "met" : "missed";
        return (
          <li key={name} className={`fc-objective fc-objective-${state}`}>
            <b>{name}</b>
            <span>{formatUnit(value, unit)}</span>
            <span className="fc-quiet">at most {formatUnit(target, unit)}</span>
            <em>{met === null ? "open" : state}</em>
          </li>
        );
      })}
    </ul>
  );
}

/** The run end to end and the component that is selected, over time. */
export function MetricsDashboard() {
  const { page } = useDesk();
  const { run, view } = useSimulation();
  const recorded = usePage((state) => state.recorded);
  const node = usePage((state) => state.selection.node);
  const at = usePage((state) => (state.cursor.kind === "at" ? state.cursor.second : null));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the recording grows in place; recorded counts that
  const charts = useMemo<{ total: Chart[]; component: Chart[] } | null>(() => {
    if (run === null) return null;
    const { recording } = page;
    return {
      total: endToEnd(run, recording),
      component: node === null ? [] : ofComponent(run, recording, node),
    };
  }, [page, run, node, recorded]);
  const marks = useMemo(() => (run === null ? [] : eventMarks(run)), [run]);
  if (charts === null || view === null) return null;
  const draw = (chart: Chart) => (
    <TimeChart
      key={chart.id}
      chart={chart}
      marks={marks}
      at={at}
      onSeek={(second) => page.move((cursor, span) => seek(cursor, span, second))}
    />
  );
  return (
    <section className="fc-metrics" aria-label="Metrics">
      <h2>End to end</h2>
      <Objectives objectives={view.control.objectives} />
      {page.recording.seconds.length === 0 && <p className="fc-hint">Nothing was measured yet.</p>}
      {charts.total.map(draw)}
      {node === null ? (
        <p className="fc-hint">Select a component to see its metrics here.</p>
      ) : (
        <>
          <h2>{node}</h2>
          {charts.component.length === 0 && <p className="fc-hint">Nothing was measured of {node} yet.</p>}
          {charts.component.map(draw)}
        </>
      )}
    </section>
  );
}
