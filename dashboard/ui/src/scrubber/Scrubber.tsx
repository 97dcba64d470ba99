import { useEffect, useMemo } from "react";
import { eventMarks } from "../charts/model";
import { useClock } from "../hooks/useClock";
import { useDesk, usePage } from "../hooks/useSimulation";
import { planPoints, planUntil, trafficLine } from "../panels/traffic";
import type { Run } from "../state/run";
import { formatClock } from "../text/format";
import { LIVE, pace, SPEEDS, type Speed, seek, toggle } from "./cursor";
import { belongs, moveOf } from "./keys";

/** A replay that plays moves on so often, in milliseconds: the canvas is drawn anew each time. */
const PLAY_MS = 100;

/** Lets real time pass while a replay plays. */
function usePlaying(playing: boolean): void {
  const { page } = useDesk();
  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      page.pass((now - last) / 1000);
      last = now;
    }, PLAY_MS);
    return () => clearInterval(timer);
  }, [page, playing]);
}

function PlayIcon({ playing }: { playing: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {playing ? <path d="M4 3h3v10H4zM9 3h3v10H9z" /> : <path d="M4 2.5v11l9-5.5z" />}
    </svg>
  );
}

/** Looks at any second of the run: the canvas and every panel follow. */
export function Scrubber() {
  const run = usePage((state) => state.feed.run);
  return run === null ? null : <Line run={run} />;
}

function Line({ run }: { run: Run }) {
  const { page } = useDesk();
  const cursor = usePage((state) => state.cursor);
  const { span, second, planned } = useClock(run);
  const marks = useMemo(() => eventMarks(run), [run]);
  const playing = cursor.kind === "at" && cursor.playing;
  usePlaying(playing);

  useEffect(() => {
    const seconds = marks.map(({ second }) => second);
    const press = (event: KeyboardEvent) => {
      const within = event.target instanceof Element ? event.target : null;
      const own = (selector: string) => within?.closest(selector) != null;
      const move = event.defaultPrevented || belongs(event.key, own) ? null : moveOf(event);
      if (move === null) return;
      event.preventDefault();
      page.move((now, span) => move(now, span, seconds));
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [page, marks]);

  const whole = Math.max(span.end, span.growing ? planned : 0, 1);
  const left = (at: number) => `${(100 * Math.min(at, whole)) / whole}%`;
  const { seconds } = page.recording;
  const targets = page.recording.totalValues("target");
  const paused = planned - run.control.durationSeconds;
  const plan = planUntil(trafficLine(seconds, targets, run.control.planned, paused), whole);
  const start = plan[0]?.second;
  return (
    <section className={cursor.kind === "live" ? "fc-scrubber" : "fc-scrubber fc-past"} aria-label="Time">
      <button
        type="button"
        className="fc-button fc-icon"
        aria-label={playing ? "Halt the replay" : "Play"}
        onClick={() => page.move(toggle)}
      >
        <PlayIcon playing={playing} />
      </button>
      <div className="fc-track">
        <svg className="fc-plan" viewBox="0 0 1000 30" preserveAspectRatio="none" aria-hidden="true">
          {start !== undefined && (
            <polygon points={`${(1000 * start) / whole},30 ${planPoints(plan, 1000, 28)} 1000,30`} />
          )}
        </svg>
        <div className="fc-seen" style={{ inlineSize: left(span.end) }} />
        {marks.map((mark) => (
          <button
            key={mark.decision}
            type="button"
            className="fc-mark"
            style={{ insetInlineStart: left(mark.second) }}
            title={`${formatClock(mark.second)} ${mark.label}`}
            aria-label={`Look at ${formatClock(mark.second)}: ${mark.label}`}
            onClick={() => {
              page.move((now, all) => seek(now, all, mark.second));
              page.select({ decision: mark.decision });
            }}
          />
        ))}
        <input
          type="range"
          data-time=""
          min={0}
          max={whole}
          step={1}
          value={second}
          aria-label="Second of the run"
          aria-valuetext={cursor.kind === "live" ? `live, ${formatClock(second)}` : formatClock(second)}
          onChange={(event) => page.move((now, all) => seek(now, all, event.target.valueAsNumber))}
        />
      </div>
      <output className="fc-clock">{formatClock(second)}</output>
      <select
        aria-label="Speed of the replay"
        value={cursor.kind === "at" ? cursor.speed : 1}
        onChange={(event) => page.move((now, all) => pace(now, all, Number(event.target.value) as Speed))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
      <button
        type="button"
        className="fc-button"
        aria-pressed={cursor.kind === "live"}
        onClick={() => page.move(() => LIVE)}
      >
        {run.phase.finished ? "End" : "Live"}
      </button>
    </section>
  );
}
