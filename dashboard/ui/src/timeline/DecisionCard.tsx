import { useDesk } from "../hooks/useSimulation";
import { columnOf } from "../inspector/metricof";
import { SparklineView } from "../inspector/Sparkline";
import { window } from "../inspector/sparkline";
import type { Run } from "../state/run";
import { zeroOf } from "../state/store";
import { formatDuration, formatUnit, words } from "../text/format";
import type { ScalingDecision } from "../wire";
import { type Card, cardOf } from "./card";
import { comparisons } from "./effect";

/** Seconds around a decision that its sparkline shows. */
const AROUND_SECONDS = 60;

function Stages({ card }: { card: Card }) {
  return (
    <ol className="fc-stages">
      {card.stages.map(({ stage, name, clock, took }) => (
        <li key={stage} className={clock === null ? "fc-to-come" : undefined}>
          <b>{name}</b>
          <span>{clock ?? "to come"}</span>
          {took !== null && <small>+{took}</small>}
        </li>
      ))}
    </ol>
  );
}

function Signals({ run, decision, card }: { run: Run; decision: ScalingDecision; card: Card }) {
  const { recording } = useDesk().page;
  const second = ((decision.stages[0]?.t ?? 0) - zeroOf(run)) / 1000;
  const around = (column: string) =>
    window(
      recording.seconds,
      recording.values(decision.component, column),
      second - AROUND_SECONDS,
      second + AROUND_SECONDS,
    );
  return (
    <ul className="fc-signals">
      {decision.signals.map((signal, place) => {
        const told = card.signals[place];
        if (told === undefined) return null;
        const column = columnOf(signal, run.columns);
        const name = `${told.name} of ${decision.component} around the decision`;
        return (
          <li key={signal.name}>
            <span>
              <b>
                {told.name} {told.value}
              </b>{" "}
              {told.against} {told.window}
            </span>
            {column !== null && (
              <SparklineView values={around(column)} threshold={signal.threshold} label={name} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Effect({ run, decision, card }: { run: Run; decision: ScalingDecision; card: Card }) {
  const rows = comparisons(run, useDesk().page.recording, decision);
  if (rows.length === 0) return null;
  return (
    <table className="fc-effect">
      <caption>{card.effect === "" ? "Effect, 30 s before and after" : `Measured: ${card.effect}`}</caption>
      <thead>
        <tr>
          <th scope="col">end to end</th>
          <th scope="col">before</th>
          <th scope="col">after</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, unit, before, after }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{formatUnit(before, unit)}</td>
            <td>{formatUnit(after, unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Alternatives({ decision }: { decision: ScalingDecision }) {
  const others = decision.alternatives.length;
  if (others === 0) return null;
  return (
    <details className="fc-alternatives">
      <summary>{others === 1 ? "1 other rule was judged" : `${others} other rules were judged`}</summary>
      <ul>
        {decision.alternatives.map(({ rule, result, message }) => (
          <li key={`${rule}/${message}`}>
            <b>{rule}</b> <em>{words(result)}</em> {message}
          </li>
        ))}
      </ul>
    </details>
  );
}

interface Props {
  run: Run;
  decision: ScalingDecision;
  selected: boolean;
  onSelect: () => void;
}

/** A decision: its rule and reason; when it is selected, everything that is known of it. */
export function DecisionCard({ run, decision, selected, onSelect }: Props) {
  const card = cardOf(decision, zeroOf(run));
  return (
    <article className={`fc-card fc-card-${card.tone}`} data-decision={decision.id}>
      <button type="button" className="fc-card-head" aria-expanded={selected} onClick={onSelect}>
        <time>{card.stages[0]?.clock}</time>
        <b>{card.title}</b>
        <span className="fc-badge">{card.badge}</span>
      </button>
      <p className="fc-reason">
        <span className="fc-rule">{decision.rule}</span> {decision.reason}
      </p>
      {card.constraint !== "" && (
        <p className="fc-constraint">
          {words(decision.constraint ?? "")}: {card.constraint}
        </p>
      )}
      {selected && (
        <div className="fc-card-body">
          <Stages card={card} />
          <Signals run={run} decision={decision} card={card} />
          <dl className="fc-facts">
            {card.replicas !== "" && (
              <div>
                <dt>size</dt>
                <dd>{card.replicas}</dd>
              </div>
            )}
            {decision.made.length > 0 && (
              <div>
                <dt>made</dt>
                <dd>{decision.made.join(", ")}</dd>
              </div>
            )}
            {decision.readySeconds !== null && (
              <div>
                <dt>ready in</dt>
                <dd>{formatDuration(decision.readySeconds)}</dd>
              </div>
            )}
          </dl>
          <Effect run={run} decision={decision} card={card} />
          <Alternatives decision={decision} />
        </div>
      )}
    </article>
  );
}
