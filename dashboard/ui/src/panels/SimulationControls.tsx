import { useState } from "react";
import { useClock } from "../hooks/useClock";
import { type Simulation, useSimulation } from "../hooks/useSimulation";
import type { Run } from "../state/run";
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

function Progress({ run }: { run: Run }) {
  const { second, planned } = useClock(run);
  const { share, tone } = progressOf(run, second, planned);
  return (
    <div
      className={`fc-progress fc-progress-${tone}`}
      role="progressbar"
      aria-label="Progress of the run"
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={`${formatClock(second)} of ${formatClock(planned)}`}
      title={run.phase.message}
    >
      <div style={{ inlineSize: `${share * 100}%` }} />
    </div>
  );
}

/** How far the run that is watched has come; pause, go on, stop. */
export function SimulationControls() {
  const { run, permission, busy, problem, commands } = useSimulation();
  if (run === null) return null;
  const paused = run.control.state === "Paused";
  return (
    <section className="fc-controls" aria-label="Simulation" aria-busy={busy}>
      <Progress run={run} />
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
