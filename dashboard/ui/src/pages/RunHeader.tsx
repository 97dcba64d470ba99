import { useEffect, useRef, useState } from "react";
import { useClock } from "../hooks/useClock";
import { useDesk, usePage } from "../hooks/useSimulation";
import { SimulationControls } from "../panels/SimulationControls";
import type { Frame } from "../state/frame";
import type { Run } from "../state/run";
import { capitalise, formatClock, formatMs, formatPercent, words } from "../text/format";
import { TOTALS } from "../text/provenance";
import { Brand } from "./Brand";
import { linkWords } from "./linkwords";

function LinkState() {
  const { surroundings } = useDesk();
  const link = usePage((state) => state.link);
  const finished = usePage(({ feed }) => feed.run?.phase.finished === true);
  const [now, setNow] = useState(() => surroundings.now());
  useEffect(() => {
    setNow(surroundings.now());
    if (link.kind !== "stale" && link.kind !== "away") return;
    const timer = setInterval(() => setNow(surroundings.now()), 1000);
    return () => clearInterval(timer);
  }, [link, surroundings]);
  const { text, alarming } = linkWords(link, now, finished);
  return <span className={alarming ? "link alarming" : "link"}>{text}</span>;
}

const totals: readonly { title: string; source: string; read(frame: Frame): string }[] = [
  { title: "p95", source: TOTALS.p95, read: ({ total }) => formatMs(total?.p95) },
  { title: "p99", source: TOTALS.p99, read: ({ total }) => formatMs(total?.p99) },
  { title: "Errors", source: TOTALS.errors, read: ({ total }) => formatPercent(total?.errorRate) },
];

function Totals() {
  const { page } = useDesk();
  const list = useRef<HTMLDListElement>(null);
  useEffect(
    () =>
      page.metrics.subscribe((frame) => {
        const cells = list.current?.querySelectorAll("dd") ?? [];
        for (const [place, { read }] of totals.entries()) {
          const cell = cells[place];
          const text = read(frame);
          if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
        }
      }),
    [page],
  );
  return (
    <dl ref={list} className="totals">
      {totals.map(({ title, source }) => (
        <div key={title} title={source}>
          <dt>{title}</dt>
          <dd />
        </div>
      ))}
    </dl>
  );
}

function Clock({ run }: { run: Run }) {
  const { second, planned } = useClock(run);
  return (
    <span className="clock">
      <span>{formatClock(second)}</span> / {formatClock(planned)}
    </span>
  );
}

/** The name of a run, how far it is, and how it does end to end. */
export function RunHeader({ run }: { run: Run }) {
  const { summary, phase } = run;
  return (
    <header className="run-header">
      <Brand />
      <h1>{summary.name}</h1>
      <span className="stage" title={phase.message}>
        {capitalise(words(phase.stage))}
      </span>
      <Clock run={run} />
      <SimulationControls />
      <Totals />
      <LinkState />
    </header>
  );
}
