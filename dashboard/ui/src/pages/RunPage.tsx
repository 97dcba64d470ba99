import { useCallback } from "react";
import { CanvasView } from "../canvas/CanvasView";
import { useDesk, useFeed, usePage } from "../hooks/useSimulation";
import { Inspector } from "../inspector/Inspector";
import type { Run } from "../state/run";
import { viewOf } from "../state/store";
import { Announcer } from "./Announcer";
import { Go } from "./Go";
import { RunHeader } from "./RunHeader";

function Warnings({ run }: { run: Run }) {
  const { phase } = run;
  const lines = [
    phase.controlPlane.ok ? null : `Control plane unreachable. ${phase.controlPlane.message ?? ""}`,
    phase.metrics.ok ? null : `No measurements. ${phase.metrics.message ?? ""}`,
    phase.rules.ok ? null : `Rules cannot judge. ${phase.rules.message ?? ""}`,
    phase.invalid ? `The numbers cannot be believed: ${phase.invalid}` : null,
  ].filter((line) => line !== null);
  return lines.map((line) => (
    <p key={line} className="banner" role="status">
      {line}
    </p>
  ));
}

function Waiting() {
  const link = usePage((state) => state.link);
  if (link.kind !== "refused") return <p className="waiting">Waiting for the run…</p>;
  return (
    <main className="sheet">
      <h1>This run cannot be shown</h1>
      <p>{link.message || link.reason}</p>
      <Go to="/">All runs</Go>
    </main>
  );
}

/** A run, live or at any second of it. */
export default function RunPage({ id }: { id: string }) {
  useFeed(id);
  const { page } = useDesk();
  const run = usePage((state) => state.feed.run);
  const view = usePage(viewOf);
  const selected = usePage((state) => state.selection.node);
  const select = useCallback((node: string | null) => page.select({ node, decision: null }), [page]);
  if (run === null || view === null) return <Waiting />;
  return (
    <main className="run">
      <RunHeader run={run} />
      <Warnings run={run} />
      <Announcer run={run} />
      <div className="stage-area">
        <CanvasView run={view} metrics={page.metrics} selected={selected} onSelect={select} />
      </div>
      <aside className="side">
        <Inspector run={view} />
      </aside>
    </main>
  );
}
