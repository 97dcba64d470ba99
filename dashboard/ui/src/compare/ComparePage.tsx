import { useCallback, useEffect, useMemo, useState } from "react";
import { TimeChart } from "../charts/TimeChart";
import { go } from "../hooks/useRoute";
import { Brand } from "../pages/Brand";
import { Go } from "../pages/Go";
import { comparePath, runPath } from "../route";
import { advance, type Cursor, LIVE, type Span, secondOf, seek } from "../scrubber/cursor";
import { TimeLine } from "../scrubber/TimeLine";
import { words } from "../text/format";
import { Decisions } from "./Decisions";
import { Differences } from "./Differences";
import { endOf, letterOf, type Member, overlaid, overlaidOf, sharedMarks } from "./model";
import { Letter, Outcome } from "./Outcome";
import { Pane } from "./Pane";
import { type Here, type Missing, useMembers } from "./useMembers";
import "./compare.css";

/** The way to the same comparison without some run. */
function without(ids: readonly string[], place: number): string {
  return comparePath(ids.filter((_, nth) => nth !== place));
}

interface ChipsProps {
  here: Here;
  ids: readonly string[];
}

function Chips({ here: { comparison, places }, ids }: ChipsProps) {
  return (
    <ul className="fc-compared">
      {comparison.runs.map(({ id, name, verdict, valid, repetitions }, nth) => {
        const place = places[nth] ?? nth;
        const repeated = repetitions === 0 ? "never repeated" : `repeated ${repetitions}×`;
        return (
          <li key={id}>
            <Letter place={place} />
            <Go to={runPath(id)}>{name}</Go>
            <span className={`fc-verdict fc-verdict-${verdict.toLowerCase()}`}>{words(verdict)}</span>
            <small>{valid ? repeated : `not valid, ${repeated}`}</small>
            {ids.length > 2 && (
              <button
                type="button"
                aria-label={`Leave ${letterOf(place)} out`}
                onClick={() => go(without(ids, place))}
              >
                ×
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** What is said of runs that are not there. */
function Absent({ missing, ids }: { missing: readonly Missing[]; ids: readonly string[] }) {
  return missing.map(({ id, letter, gone, lines }) => (
    <div key={id} className="fc-notice fc-notice-warning" role="status" data-missing={letter}>
      <b>{gone ? `${letter} is left out` : `${letter} cannot be replayed`}</b>
      <span>{lines.join(" ")}</span>
      {gone && ids.length > 2 && <Go to={without(ids, ids.indexOf(id))}>Compare without it</Go>}
    </div>
  ));
}

interface Time {
  cursor: Cursor;
  span: Span;
  second: number;
  move(by: (cursor: Cursor, span: Span) => Cursor): void;
  pass(realSeconds: number): void;
  at(second: number): void;
}

/** The one clock of all runs: seconds since the traffic of each began. */
function useTime(members: readonly Member[]): Time {
  const [cursor, setCursor] = useState<Cursor>(LIVE);
  const end = Math.max(0, ...members.map(endOf));
  const span = useMemo<Span>(() => ({ end, growing: false }), [end]);
  const move = useCallback<Time["move"]>((by) => setCursor((now) => by(now, span)), [span]);
  const pass = useCallback((real: number) => setCursor((now) => advance(now, span, real)), [span]);
  const at = useCallback((second: number) => move((now) => seek(now, span, second)), [move, span]);
  return { cursor, span, second: secondOf(cursor, span), move, pass, at };
}

function Charts({
  members,
  selected,
  time,
}: {
  members: readonly Member[];
  selected: string | null;
  time: Time;
}) {
  const charts = useMemo(
    () => [...(selected === null ? [] : overlaidOf(members, selected)), ...overlaid(members)],
    [members, selected],
  );
  const marks = useMemo(() => sharedMarks(members), [members]);
  const at = time.cursor.kind === "live" ? null : time.second;
  return (
    <section className="fc-part-of" aria-labelledby="charts">
      <h2 id="charts">Over the run</h2>
      <p className="fc-hint">
        Seconds since the traffic of each run began; upright lines are decisions.{" "}
        {selected === null && "Select a component above to see its charts too."}
      </p>
      <div className="fc-charts">
        {charts.map((chart) => (
          <TimeChart key={chart.id} chart={chart} marks={marks} at={at} onSeek={time.at} />
        ))}
      </div>
    </section>
  );
}

/** The two runs whose canvases stand side by side; those of the first two to begin with. */
function useShown(members: readonly Member[]): [Member[], (pane: number, place: number) => void] {
  const [chosen, setChosen] = useState<readonly (number | null)[]>([null, null]);
  const shown = chosen.flatMap((place, pane) => {
    const member = members.find((one) => one.place === place) ?? members[pane];
    return member === undefined ? [] : [member];
  });
  return [shown, (pane, place) => setChosen((was) => was.with(pane, place))];
}

function Side({ here, ids, reload }: ChipsProps & { reload(): void }) {
  const { members, missing, comparison, places } = here;
  const time = useTime(members);
  const [selected, setSelected] = useState<string | null>(null);
  const [shown, choose] = useShown(members);
  const marks = useMemo(
    () => sharedMarks(members).map((mark) => ({ ...mark, key: mark.decision, lane: mark.place % 4 })),
    [members],
  );
  const goesOn = members.filter(({ run }) => !run.phase.finished).map(({ letter }) => letter);
  return (
    <main className="fc-compare">
      <header className="run-header">
        <Brand />
        <h1>Compare</h1>
        <Chips here={here} ids={ids} />
      </header>
      <div className="fc-sides">
        <Absent missing={missing} ids={ids} />
        {goesOn.length > 0 && (
          <div className="fc-notice fc-notice-info" role="status">
            <b>{goesOn.join(" and ")} still goes on</b>
            <span>What is compared is how far it had come.</span>
            <button type="button" className="fc-button" onClick={reload}>
              Ask again
            </button>
          </div>
        )}
        <Outcome comparison={comparison} places={places} />
        <section className="fc-part-of" aria-labelledby="side">
          <h2 id="side">Side by side</h2>
          <div className="fc-panes">
            {shown.map((member, pane) => (
              <Pane
                // biome-ignore lint/suspicious/noArrayIndexKey: a pane is its place on the page
                key={pane}
                member={member}
                choices={members}
                onChoose={(place) => choose(pane, place)}
                second={time.second}
                selected={selected}
                onSelect={setSelected}
              />
            ))}
          </div>
        </section>
        <Charts members={members} selected={selected} time={time} />
        <Decisions comparison={comparison} places={places} onSeek={time.at} />
        <Differences comparison={comparison} places={places} />
      </div>
      <TimeLine
        {...time}
        whole={Math.max(1, time.span.end)}
        plan=""
        end="End"
        marks={marks}
        onMark={({ second }) => time.at(second)}
      />
    </main>
  );
}

/** Runs side by side: what was asked for, what was decided, what came of it. */
export default function ComparePage({ ids }: { ids: readonly string[] }) {
  const { compared, reload } = useMembers(ids);
  useEffect(() => {
    document.title = "Compare · Flashcrowd";
    return () => {
      document.title = "Flashcrowd";
    };
  }, []);
  if (compared.state === "here") return <Side here={compared} ids={ids} reload={reload} />;
  return (
    <>
      <header className="masthead">
        <Brand />
        {compared.state === "waiting" && <p className="hint">Loading the runs…</p>}
      </header>
      <main className="sheet">
        {compared.state === "waiting" ? (
          <>
            <h1 className="unseen">Loading</h1>
            <div className="fc-loading" aria-hidden="true">
              <i />
              <i />
            </div>
          </>
        ) : (
          <>
            <h1>These runs cannot be compared</h1>
            <Absent missing={compared.missing} ids={ids} />
            <p role="alert">{compared.lines.join(" ")}</p>
            <p className="fc-ways">
              <button type="button" className="fc-button" onClick={reload}>
                Try again
              </button>
              <Go to="/">All runs</Go>
            </p>
          </>
        )}
      </main>
    </>
  );
}
