import { useSimulation } from "../hooks/useSimulation";
import { Button } from "./Button";
import { Problems } from "./Problems";

/** Lets the rules act, or only say what they would do. */
export function AutoScaleToggle() {
  const { run, permission, problem, commands } = useSimulation();
  if (run === null) return null;
  const { enabled, mode } = run.control.autoScaling;
  const dry = mode === "DryRun";
  return (
    <section className="fc-autoscale" aria-label="Auto-scaling">
      <button
        type="button"
        role="switch"
        className="fc-switch"
        aria-checked={enabled}
        aria-disabled={permission.allowed ? undefined : true}
        title={permission.allowed ? undefined : permission.reason}
        onClick={() => permission.allowed && void commands.setAutoScaling({ enabled: !enabled })}
      >
        <span className="fc-switch-knob" aria-hidden="true" />
        Auto-scale
      </button>
      {enabled && (
        <Button
          permission={permission}
          pressed={dry}
          name="Dry run: judge and record, but change nothing"
          onPress={() => void commands.setAutoScaling({ mode: dry ? "Act" : "DryRun" })}
        >
          Dry run
        </Button>
      )}
      {(!enabled || dry) && (
        <p className="fc-hint">Rules keep judging; what they would do shows as ghosts.</p>
      )}
      <Problems lines={problem} />
    </section>
  );
}
