import { useDesk, usePage } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { zeroOf } from "../state/store";
import { capitalise, formatClock, formatDuration, formatUnit, words } from "../text/format";
import type { DecisionSignal, ScalingDecision } from "../wire";
import { columnOf } from "./metricof";
import { SparklineView } from "./Sparkline";
import { window } from "./sparkline";

/** Seconds before a decision and after it that are drawn. */
const BEFORE = 60;
const AFTER = 60;

function Signal({ signal, decision, run }: { signal: DecisionSignal; decision: ScalingDecision; run: Run }) {
  const { page } = useDesk();
  usePage((state) => state.recorded);
  const column = columnOf(signal, run.columns);
  const second = ((decision.stages[0]?.t ?? zeroOf(run)) - zeroOf(run)) / 1000;
  const { seconds } = page.recording;
  const values =
    column === null
      ? []
      : window(seconds, page.recording.values(decision.component, column), second - BEFORE, second + AFTER);
  const limit = signal.threshold === null ? "" : ` against ${formatUnit(signal.threshold, signal.unit)}`;
  return (
    <li>
      <p>
        <b>{signal.name}</b> {formatUnit(signal.value, signal.unit)}
        {limit}
        {signal.windowSeconds > 0 && <small> over {formatDuration(signal.windowSeconds)}</small>}
      </p>
      {column !== null && (
        <SparklineView
          values={values}
          threshold={signal.threshold}
          label={`${signal.name} of ${decision.component} from a minute before the decision to a minute after`}
        />
      )}
    </li>
  );
}

function Effect({ decision }: { decision: ScalingDecision }) {
  const { effect } = decision;
  if (effect === null) {
    return (
      <p className="hint">{decision.open ? "The effect is not measured yet." : "No effect was measured."}</p>
    );
  }
  return (
    <p className={`effect ${effect.verdict}`}>
      <b>{capitalise(words(effect.verdict))}</b>: {effect.signal} {formatUnit(effect.before, effect.unit)} →{" "}
      {formatUnit(effect.after, effect.unit)}
    </p>
  );
}

function Stages({ decision, zero }: { decision: ScalingDecision; zero: number }) {
  return (
    <ol className="stages">
      {decision.stages.map((stage) => (
        <li key={`${stage.stage}/${stage.t}`}>
          {capitalise(stage.stage)} <small>{formatClock((stage.t - zero) / 1000)}</small>
        </li>
      ))}
    </ol>
  );
}

/** Why a decision was taken or held back, and what came of it. */
export function DecisionReason({ decision, run }: { decision: ScalingDecision; run: Run }) {
  const { page } = useDesk();
  const title = decision.action ? words(decision.action) : words(decision.rule);
  return (
    <article className="reason">
      <h3>
        {capitalise(title)}
        {decision.from !== decision.to && ` ${decision.from} → ${decision.to}`}
      </h3>
      <p>
        <small>
          rule <code>{decision.rule}</code> on{" "}
        </small>
        <button type="button" className="text" onClick={() => page.select({ node: decision.component })}>
          {decision.component}
        </button>
      </p>
      {decision.reason !== "" && <p className="why">{decision.reason}</p>}
      {decision.constraint && (
        <p className="held">
          Held back: <b>{words(decision.constraint)}</b>
        </p>
      )}
      <Stages decision={decision} zero={zeroOf(run)} />
      <h4>Signals against thresholds</h4>
      <ul className="signals">
        {decision.signals.map((signal) => (
          <Signal key={signal.name} signal={signal} decision={decision} run={run} />
        ))}
      </ul>
      <h4>Before and after</h4>
      <Effect decision={decision} />
      {decision.readySeconds !== null && <p>Ready after {formatDuration(decision.readySeconds)}.</p>}
      {decision.made.length > 0 && (
        <>
          <h4>Made</h4>
          <ul className="chipline">
            {decision.made.map((id) => (
              <li key={id}>
                <button type="button" className="text" onClick={() => page.select({ node: id })}>
                  {id}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {decision.alternatives.length > 0 && (
        <>
          <h4>Other rules said</h4>
          <ul className="others">
            {decision.alternatives.map((other) => (
              <li key={other.rule}>
                <code>{other.rule}</code> {words(other.result)} <small>{other.message}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </article>
  );
}
