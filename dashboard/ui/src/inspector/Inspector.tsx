import { useDesk, usePage } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { NOTHING } from "../state/store";
import { capitalise, words } from "../text/format";
import type { Node } from "../wire";
import { DecisionReason } from "./DecisionReason";
import { NodeFacts } from "./NodeFacts";

/** The component that an id names, by itself or by one of its instances. */
export function componentOf(nodes: readonly Node[], id: string): Node | null {
  return nodes.find((node) => node.id === id || node.instances.some((one) => one.id === id)) ?? null;
}

function DecisionList({ run }: { run: Run }) {
  const { page } = useDesk();
  return (
    <section className="inspector" aria-label="Decisions">
      <h3>Decisions</h3>
      {run.decisions.length === 0 && <p className="hint">No rule has decided anything yet.</p>}
      <ul className="others">
        {run.decisions.toReversed().map((decision) => (
          <li key={decision.id}>
            <button type="button" className="text" onClick={() => page.select({ decision: decision.id })}>
              {capitalise(words(decision.action || decision.rule))}
            </button>{" "}
            {decision.component} <small>{decision.stage}</small>
            <p className="hint">{decision.reason}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The reason of what is selected: a decision first, else a component or an instance. */
export function Inspector({ run }: { run: Run }) {
  const { page } = useDesk();
  const selection = usePage((state) => state.selection);
  const decision = run.decisions.find((one) => one.id === selection.decision);
  const node = selection.node === null ? null : componentOf(run.topology.nodes, selection.node);
  if (decision === undefined && selection.node === null) return <DecisionList run={run} />;
  return (
    <section className="inspector" aria-label="Inspector">
      <button
        type="button"
        className="close"
        onClick={() => page.select(NOTHING)}
        aria-label="Close the inspector"
      >
        ✕
      </button>
      {decision !== undefined && <DecisionReason decision={decision} run={run} />}
      {decision === undefined && node !== null && selection.node !== null && (
        <NodeFacts id={selection.node} node={node} run={run} />
      )}
      {decision === undefined && node === null && (
        <p className="hint">{selection.node} is not part of the architecture at this moment.</p>
      )}
    </section>
  );
}
