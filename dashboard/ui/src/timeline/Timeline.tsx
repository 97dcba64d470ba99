import { useMemo, useState } from "react";
import { useDesk, usePage, useSimulation } from "../hooks/useSimulation";
import { Choice } from "../panels/Choice";
import type { Run } from "../state/run";
import { NOTHING, zeroOf } from "../state/store";
import { formatClock } from "../text/format";
import { DecisionCard } from "./DecisionCard";
import { filtered, type Item, itemsOf, type Show, selectionOf } from "./items";

const kinds: readonly { show: Show; name: string }[] = [
  { show: "all", name: "All" },
  { show: "applied", name: "Applied" },
  { show: "held", name: "Held back" },
  { show: "alerts", name: "Alerts" },
  { show: "findings", name: "Findings" },
];

const nothing: Record<Show, string> = {
  all: "Nothing was decided yet. Rules judge every few seconds; what they hold back shows here too.",
  applied: "No decision changed the architecture yet.",
  held: "No decision was held back.",
  alerts: "No threshold was crossed.",
  findings: "No advice yet.",
};

interface EntryProps {
  run: Run;
  item: Item;
  selected: boolean;
  onSelect: () => void;
}

function Entry({ run, item, selected, onSelect }: EntryProps) {
  if (item.kind === "decision") {
    return <DecisionCard run={run} decision={item.decision} selected={selected} onSelect={onSelect} />;
  }
  const alert = item.kind === "alert" ? item.alert : null;
  const told = item.kind === "alert" ? item.alert : item.finding;
  const badge = alert === null ? "Finding" : alert.clearedAt === null ? alert.severity : "Cleared";
  const tone =
    alert === null ? "finding" : alert.clearedAt === null ? alert.severity.toLowerCase() : "cleared";
  return (
    <article className={`fc-card fc-card-${tone}`}>
      <button type="button" className="fc-card-head" onClick={onSelect}>
        <time>{formatClock((item.at - zeroOf(run)) / 1000)}</time>
        <b>{told.component}</b>
        <span className="fc-badge">{badge}</span>
      </button>
      <p className="fc-reason">{told.message}</p>
    </article>
  );
}

/** Decisions, alerts and findings, the newest first; choosing one selects its component on the canvas. */
export function Timeline() {
  const { page } = useDesk();
  const { view } = useSimulation();
  const selected = usePage((state) => state.selection.decision);
  const [show, setShow] = useState<Show>("all");
  const items = useMemo(() => (view === null ? [] : itemsOf(view)), [view]);
  if (view === null) return null;
  const shown = filtered(items, show);
  return (
    <section className="fc-timeline" aria-label="Decisions">
      <Choice
        name="timeline"
        label="Show"
        choices={kinds.map(({ show, name }) => ({ tab: show, name, count: filtered(items, show).length }))}
        chosen={show}
        onChoose={setShow}
      />
      {shown.length === 0 && <p className="fc-empty">{nothing[show]}</p>}
      {shown.map((item) => {
        const open = item.kind === "decision" && item.id === selected;
        return (
          <Entry
            key={`${item.kind}/${item.id}`}
            run={view}
            item={item}
            selected={open}
            onSelect={() => page.select(open ? NOTHING : selectionOf(item))}
          />
        );
      })}
    </section>
  );
}
