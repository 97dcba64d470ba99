import { useEffect, useMemo, useState } from "react";
import { CanvasView } from "../canvas/CanvasView";
import { runAt } from "../replay/runat";
import { browserMetrics } from "../state/metrics";
import { zeroOf } from "../state/store";
import { formatClock } from "../text/format";
import { endOf, letterOf, type Member } from "./model";
import { Letter } from "./Outcome";

interface Props {
  member: Member;
  /** All that can be shown here. */
  choices: readonly Member[];
  onChoose(place: number): void;
  /** Second that all canvases look at. */
  second: number;
  selected: string | null;
  onSelect(id: string | null): void;
}

/** The architecture of one run at a second, with what was measured then. */
function Then({
  member,
  second,
  selected,
  onSelect,
}: Pick<Props, "member" | "second" | "selected" | "onSelect">) {
  const { run, recording } = member;
  const [metrics] = useState(browserMetrics);
  const at = Math.min(second, endOf(member));
  const view = useMemo(() => runAt(run, zeroOf(run) + at * 1000), [run, at]);
  useEffect(() => metrics.set(recording.frameAt(at)), [metrics, recording, at]);
  return <CanvasView run={view} metrics={metrics} selected={selected} onSelect={onSelect} />;
}

/** A canvas of one of the runs, which can be changed for another. */
export function Pane({ member, choices, onChoose, ...then }: Props) {
  const end = endOf(member);
  const ended = then.second > end;
  return (
    <section className="fc-pane" aria-label={`Canvas of ${member.letter}`}>
      <header>
        <Letter place={member.place} />
        {choices.length > 2 ? (
          <select
            aria-label={`Run on the canvas of ${member.letter}`}
            value={member.place}
            onChange={({ target }) => onChoose(Number(target.value))}
          >
            {choices.map(({ place, run }) => (
              <option key={place} value={place}>
                {letterOf(place)}: {run.summary.name}
              </option>
            ))}
          </select>
        ) : (
          <span>{member.run.summary.name}</span>
        )}
        {ended && <small className="fc-tag">ended at {formatClock(end)}</small>}
      </header>
      <div className="fc-stage">
        <Then key={member.run.summary.id} member={member} {...then} />
      </div>
    </section>
  );
}
