import { useCallback, useState } from "react";
import { CanvasView } from "../canvas/CanvasView";
import { useDesk, useFeed, usePage } from "../hooks/useSimulation";
import { Inspector } from "../inspector/Inspector";
import { AutoScaleToggle } from "../panels/AutoScaleToggle";
import { Choice } from "../panels/Choice";
import { MetricsDashboard } from "../panels/MetricsDashboard";
import { TrafficSlider } from "../panels/TrafficSlider";
import { Scrubber } from "../scrubber/Scrubber";
import type { Run } from "../state/run";
import { viewOf } from "../state/store";
import { KeyboardHelp } from "../states/KeyboardHelp";
import { Loading, Notices } from "../states/Notices";
import { TableView } from "../table/TableView";
import { Timeline } from "../timeline/Timeline";
import { Announcer } from "./Announcer";
import { Brand } from "./Brand";
import { Go } from "./Go";
import { RunHeader } from "./RunHeader";

type Tab = "decisions" | "component" | "metrics";

const tabs: readonly { tab: Tab; name: string }[] = [
  { tab: "decisions", name: "Decisions" },
  { tab: "component", name: "Component" },
  { tab: "metrics", name: "Metrics" },
];

const CHOOSE = "Select a component on the canvas or in the table to see how it is and why it is there.";

function Side({ run, tab, onTab }: { run: Run; tab: Tab; onTab: (tab: Tab) => void }) {
  const chosen = usePage(({ selection }) => selection.node !== null || selection.decision !== null);
  return (
    <aside className="side">
      <Choice name="side" label="Beside the canvas" choices={tabs} chosen={tab} onChoose={onTab} />
      {tab === "decisions" && <Timeline />}
      {tab === "component" && (chosen ? <Inspector run={run} /> : <p className="fc-empty">{CHOOSE}</p>)}
      {tab === "metrics" && <MetricsDashboard />}
    </aside>
  );
}

type Picture = "canvas" | "table";

const pictures: readonly { tab: Picture; name: string }[] = [
  { tab: "canvas", name: "Canvas" },
  { tab: "table", name: "Table" },
];

function Waiting() {
  const link = usePage((state) => state.link);
  const refused = link.kind === "refused";
  return (
    <>
      <header className="masthead">
        <Brand />
        {!refused && <p className="hint">Loading the run…</p>}
      </header>
      <main className="sheet">
        {refused && <h1>This run cannot be shown</h1>}
        <Notices />
        {refused ? <Go to="/">All runs</Go> : <Loading />}
      </main>
    </>
  );
}

/** A run, live or at any second of it. */
export default function RunPage({ id }: { id: string }) {
  useFeed(id);
  const { page } = useDesk();
  const run = usePage((state) => state.feed.run);
  const view = usePage(viewOf);
  const selected = usePage((state) => state.selection.node);
  const [tab, setTab] = useState<Tab>("decisions");
  const [picture, setPicture] = useState<Picture>("canvas");
  const select = useCallback(
    (node: string | null) => {
      page.select({ node, decision: null });
      if (node !== null) setTab((now) => (now === "decisions" ? "component" : now));
    },
    [page],
  );
  if (run === null || view === null) return <Waiting />;
  return (
    <main className="run">
      <RunHeader run={view} />
      <div className="fc-bar">
        <TrafficSlider />
        <AutoScaleToggle />
      </div>
      <div className="fc-notices">
        <Notices />
      </div>
      <div className="stage-area">
        <div className="fc-picture">
          <Choice name="picture" label="Picture" choices={pictures} chosen={picture} onChoose={setPicture} />
        </div>
        {picture === "canvas" ? (
          <CanvasView run={view} metrics={page.metrics} selected={selected} onSelect={select} />
        ) : (
          <TableView />
        )}
      </div>
      <Side run={view} tab={tab} onTab={setTab} />
      <Scrubber />
      <Announcer run={run} />
      <KeyboardHelp />
    </main>
  );
}
