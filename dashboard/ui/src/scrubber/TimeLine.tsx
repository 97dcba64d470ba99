import { useEffect } from "react";
import { formatClock } from "../text/format";
import { type Cursor, LIVE, pace, SPEEDS, type Span, type Speed, seek, toggle } from "./cursor";
import { belongs, moveOf } from "./keys";

/** A replay that plays moves on so often, in milliseconds: the canvas is drawn anew each time. */
const PLAY_MS = 100;

/** Pixels from one lane of marks to the next. */
const LANE = 5;

/** Something that happened, on the line of time. */
export interface TimeMark {
  key: string;
  second: number;
  label: string;
  /** Custom property of its colour; the accent's if left out. */
  stroke?: `--${string}`;
  /** Marks of another lane stand a little lower, so that none hides behind another. */
  lane?: number;
}

interface Props<Mark extends TimeMark> {
  cursor: Cursor;
  span: Span;
  /** Second that the cursor is at. */
  second: number;
  /** Seconds that the line is long. */
  whole: number;
  /** Corners of the shape behind the line, x from 0 to 1000 and y from 0 to 30; empty for none. */
  plan: string;
  /** In the order of their seconds. */
  marks: readonly Mark[];
  /** What the newest second is called. */
  end: "Live" | "End";
  move(by: (cursor: Cursor, span: Span) => Cursor): void;
  /** Lets real time pass while a replay plays. */
  pass(realSeconds: number): void;
  onMark(mark: Mark): void;
}

function usePlaying(playing: boolean, pass: (realSeconds: number) => void): void {
  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      pass((now - last) / 1000);
      last = now;
    }, PLAY_MS);
    return () => clearInterval(timer);
  }, [pass, playing]);
}

function useKeys(marks: readonly TimeMark[], move: Props<TimeMark>["move"]): void {
  useEffect(() => {
    const seconds = marks.map(({ second }) => second);
    const press = (event: KeyboardEvent) => {
      const within = event.target instanceof Element ? event.target : null;
      const own = (selector: string) => within?.closest(selector) != null;
      const by = event.defaultPrevented || belongs(event.key, own) ? null : moveOf(event);
      if (by === null) return;
      event.preventDefault();
      move((now, span) => by(now, span, seconds));
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [move, marks]);
}

function PlayIcon({ playing }: { playing: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {playing ? <path d="M4 3h3v10H4zM9 3h3v10H9z" /> : <path d="M4 2.5v11l9-5.5z" />}
    </svg>
  );
}

/** A line of time to look at any second of what was recorded: by pointer, by keys, or by playing it. */
export function TimeLine<Mark extends TimeMark>(props: Props<Mark>) {
  const { cursor, span, second, whole, plan, marks, end, move, pass, onMark } = props;
  const playing = cursor.kind === "at" && cursor.playing;
  usePlaying(playing, pass);
  useKeys(marks, move);
  const left = (at: number) => `${(100 * Math.min(at, whole)) / whole}%`;
  return (
    <section className={cursor.kind === "live" ? "fc-scrubber" : "fc-scrubber fc-past"} aria-label="Time">
      <button
        type="button"
        className="fc-button fc-icon"
        aria-label={playing ? "Halt the replay" : "Play"}
        onClick={() => move(toggle)}
      >
        <PlayIcon playing={playing} />
      </button>
      <div className="fc-track">
        <svg className="fc-plan" viewBox="0 0 1000 30" preserveAspectRatio="none" aria-hidden="true">
          {plan !== "" && <polygon points={plan} />}
        </svg>
        <div className="fc-seen" style={{ inlineSize: left(span.end) }} />
        {marks.map((mark) => (
          <button
            key={mark.key}
            type="button"
            className="fc-mark"
            style={{
              insetInlineStart: left(mark.second),
              insetBlockStart: `${LANE * (mark.lane ?? 0)}px`,
              color: `var(${mark.stroke ?? "--accent"})`,
            }}
            title={`${formatClock(mark.second)} ${mark.label}`}
            aria-label={`Look at ${formatClock(mark.second)}: ${mark.label}`}
            onClick={() => onMark(mark)}
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
          aria-valuetext={
            cursor.kind === "live" && end === "Live" ? `live, ${formatClock(second)}` : formatClock(second)
          }
          onChange={({ target }) => move((now, all) => seek(now, all, target.valueAsNumber))}
        />
      </div>
      <output className="fc-clock">{formatClock(second)}</output>
      <select
        aria-label="Speed of the replay"
        value={cursor.kind === "at" ? cursor.speed : 1}
        onChange={({ target }) => move((now, all) => pace(now, all, Number(target.value) as Speed))}
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
        onClick={() => move(() => LIVE)}
      >
        {end}
      </button>
    </section>
  );
}
