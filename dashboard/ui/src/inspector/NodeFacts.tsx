import { useEffect, useRef } from "react";
import { useDesk, usePage } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { capitalise, formatRate, formatUnit, words } from "../text/format";
import { LINK_RATE, provenance } from "../text/provenance";
import type { Column, Link, Node } from "../wire";
import { SparklineView } from "./Sparkline";

/** Seconds of history beside each number. */
const HISTORY = 120;

function Value({ id, column }: { id: string; column: Column }) {
  const { page } = useDesk();
  const cell = useRef<HTMLElement>(null);
  useEffect(
    () =>
      page.metrics.subscribe((frame) => {
        if (cell.current !== null)
          cell.current.textContent = formatUnit(frame.value(id, column.name), column.unit);
      }),
    [page, id, column],
  );
  return <b ref={cell} />;
}

function Metric({ id, column }: { id: string; column: Column }) {
  const { page } = useDesk();
  usePage((state) => state.recorded);
  const values = page.recording.values(id, column.name).slice(-HISTORY);
  return (
    <li>
      <details>
        <summary>
          <span>{column.title}</span> <Value id={id} column={column} /> <small>{column.source}</small>
        </summary>
        <p className="hint">{provenance(column)}</p>
      </details>
      {values.some((value) => value !== null) && (
        <SparklineView values={values} threshold={null} label={`${column.title} of ${id} lately`} />
      )}
    </li>
  );
}

function LinkRate({ id }: { id: string }) {
  const { page } = useDesk();
  const cell = useRef<HTMLElement>(null);
  useEffect(
    () =>
      page.metrics.subscribe((frame) => {
        if (cell.current !== null) cell.current.textContent = formatRate(frame.linkRate(id));
      }),
    [page, id],
  );
  return <b ref={cell} />;
}

function Connections({ component, links }: { component: string; links: readonly Link[] }) {
  const mine = links.filter(({ from, to }) => from === component || to === component);
  if (mine.length === 0) return <p className="hint">Nothing is connected to it.</p>;
  return (
    <ul className="metrics">
      {mine.map(({ id, from, to, origin }) => (
        <li key={id}>
          <details>
            <summary>
              <span>{from === component ? `to ${to}` : `from ${from}`}</span> <LinkRate id={id} />{" "}
              <small>measured</small>
            </summary>
            <p className="hint">
              {LINK_RATE} {origin.rule ? `Put there by the rule ${origin.rule}.` : "Drawn by the user."}
            </p>
          </details>
        </li>
      ))}
    </ul>
  );
}

function Decisions({ component, run }: { component: string; run: Run }) {
  const { page } = useDesk();
  const mine = run.decisions.filter(
    (decision) => decision.component === component || decision.made.includes(component),
  );
  if (mine.length === 0) return <p className="hint">No rule has decided anything here.</p>;
  return (
    <ul className="others">
      {mine.toReversed().map((decision) => (
        <li key={decision.id}>
          <button type="button" className="text" onClick={() => page.select({ decision: decision.id })}>
            {capitalise(words(decision.action || decision.rule))}
          </button>{" "}
          <small>{decision.stage}</small>
        </li>
      ))}
    </ul>
  );
}

/** What is known of a component or one of its instances. */
export function NodeFacts({ id, node, run }: { id: string; node: Node; run: Run }) {
  const { page } = useDesk();
  const { rule, decision } = node.origin;
  return (
    <article className="reason">
      <h3>{id}</h3>
      <p>
        {capitalise(words(node.kind))}, {node.ready} of {node.replicas} ready
        {node.replicaOf && `, replica of ${node.replicaOf}`}
      </p>
      <p>
        {rule ? (
          <button type="button" className="text" onClick={() => page.select({ decision: decision ?? null })}>
            Put there by the rule {rule}
          </button>
        ) : (
          "Drawn by the user"
        )}
      </p>
      <h4>Now</h4>
      <ul className="metrics">
        {run.columns.map((column) => (
          <Metric key={column.name} id={id} column={column} />
        ))}
      </ul>
      <h4>Connections of {node.id}</h4>
      <Connections component={node.id} links={run.topology.links} />
      <h4>Decisions</h4>
      <Decisions component={node.id} run={run} />
    </article>
  );
}
