import { useState } from "react";
import { useFrame } from "../hooks/useFrame";
import { type Simulation, useSimulation } from "../hooks/useSimulation";
import { formatClock } from "../text/format";
import { Button } from "./Button";
import { Problems } from "./Problems";
import { progressOf } from "./progress";

function Stop({ permission, commands }: Pick<Simulation, "permission" | "commands">) {
  const [sure, setSure] = useState(false);
  if (!sure) {
    return (
      <Button permission={permission} onPress={() => setSure(true)} tone="danger">
        Stop
      </Button>
    );
  }
  return (
    <span className="fc-confirm">
      <Button
        permission={permission}
        onPress={() => {
          setSure(false);
          void commands.stop();
        }}
        tone="danger"
      >
        End this run now
      </Button>
      <Button permission={{ allowed: true }} onPress={() => setSure(false)}>
        Keep it
      </Button>
    </span>
  );
}

/** Name, progress and state of the run that is watched; pause, go on, stop. */
export function SimulationControls() {
  const { run, view, permission, busy, problem, commands } = useSimulation();
  const frame = useFrame();
  if (run === null || view === null) return null;
  const elapsed = frame.at > 0 ? frame.elapsed : run.summary.elapsedSeconds;
  const progress = progressOf(view, elapsed);
  const clock = `${formatClock(progress.elapsedSeconds)} of ${formatClock(progress.durationSeconds)}`;
  const paused = run.control.state === "Paused";
  return (
    <section className="fc-controls" aria-label="Simulation" aria-busy={busy}>
      <h1 className="fc-run-name">
        {run.summary.name} <small>on {run.summary.graph}</small>
      </h1>
      <span className={`fc-stage fc-stage-${progress.tone}`} title={view.phase.message}>
        {progress.stage}
      </span>
      <div
        className="fc-progress"
        role="progressbar"
        aria-label="Progress of the run"
        aria-valuenow={Math.round(progress.share * 100)}
        aria-valuetext={clock}
      >
        <div style={{ inlineSize: `${progress.share * 100}%` }} />
      </div>
      <span className="fc-clock">{clock}</span>
      {!run.phase.finished && (
        <>
          <Button
            permission={permission}
            onPress={() => void (paused ? commands.resume() : commands.pause())}
            tone="primary"
          >
            {paused ? "Go on" : "Pause"}
          </Button>
          <Stop permission={permission} commands={commands} />
        </>
      )}
      <Problems lines={problem} />
    </section>
  );
}
