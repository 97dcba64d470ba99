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

/** How far the run that is watched has come; pause, go on, stop. */
export function SimulationControls() {
  const { run, permission, busy, problem, commands } = useSimulation();
  const frame = useFrame();
  if (run === null) return null;
  const progress = progressOf(run, frame.at > 0 ? frame.elapsed : run.summary.elapsedSeconds);
  const clock = `${formatClock(progress.elapsedSeconds)} of ${formatClock(progress.durationSeconds)}`;
  const paused = run.control.state === "Paused";
  return (
    <section className="fc-controls" aria-label="Simulation" aria-busy={busy}>
      <div
        className={`fc-progress fc-progress-${progress.tone}`}
        role="progressbar"
        aria-label="Progress of the run"
        aria-valuenow={Math.round(progress.share * 100)}
        aria-valuetext={clock}
        title={run.phase.message}
      >
        <div style={{ inlineSize: `${progress.share * 100}%` }} />
      </div>
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
