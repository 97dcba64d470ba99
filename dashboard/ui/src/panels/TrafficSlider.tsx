import { useCallback, useEffect, useRef, useState } from "react";
import { useFrame } from "../hooks/useFrame";
import { useDesk, usePage, useSimulation } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { zeroOf } from "../state/store";
import { formatRate } from "../text/format";
import { TOTALS } from "../text/provenance";
import { Button } from "./Button";
import { Problems } from "./Problems";
import { generatorLimit, MAX_RATE, parseRate, positionOf, rateAt, SLIDER_STEPS, scaled } from "./traffic";

/** A change waits so long for the next one before it is sent, in milliseconds. */
const DEBOUNCE_MS = 250;

/** Longer than the window that the achieved rate is a mean over. */
const LATELY_SECONDS = 15;

/** Sends the last of quick changes; at once when told to. */
function useDebounced(send: (rate: number) => void) {
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout>; rate: number } | null>(null);
  const flush = useCallback(() => {
    if (waiting.current === null) return;
    const { timer, rate } = waiting.current;
    clearTimeout(timer);
    waiting.current = null;
    send(rate);
  }, [send]);
  const change = useCallback(
    (rate: number) => {
      if (waiting.current !== null) clearTimeout(waiting.current.timer);
      waiting.current = { rate, timer: setTimeout(flush, DEBOUNCE_MS) };
    },
    [flush],
  );
  useEffect(
    () => () => {
      if (waiting.current !== null) clearTimeout(waiting.current.timer);
    },
    [],
  );
  return { change, flush };
}

/** The rate as a number to type; what is typed counts on Enter or when it is left. */
function RateField({
  rate,
  disabled,
  onRate,
}: {
  rate: number;
  disabled: boolean;
  onRate: (rate: number) => void;
}) {
  const [text, setText] = useState<string | null>(null);
  const typed = text === null ? rate : parseRate(text);
  const commit = () => {
    if (text !== null && typed !== null && typed !== rate) onRate(typed);
    setText(null);
  };
  return (
    <input
      className="fc-rate"
      inputMode="decimal"
      aria-label="Requests per second"
      aria-invalid={typed === null}
      title={typed === null ? "Write a rate from 0 to 200,000, such as 2000 or 1.5k." : undefined}
      disabled={disabled}
      value={text ?? String(rate)}
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setText(null);
      }}
    />
  );
}

/** Target and achieved side by side, and a warning when the generator is the limit. */
function Achieved({ run }: { run: Run }) {
  const { page } = useDesk();
  const { total, at } = useFrame();
  const limit = generatorLimit(total, page.recording.lowestTarget((at - zeroOf(run)) / 1000, LATELY_SECONDS));
  return (
    <>
      <dl className="fc-pair">
        <div title={TOTALS.target}>
          <dt>target</dt>
          <dd>{formatRate(total?.target)}</dd>
        </div>
        <div title={TOTALS.achieved}>
          <dt>achieved</dt>
          <dd>{formatRate(total?.rate)}</dd>
        </div>
      </dl>
      {limit !== null && <p className="fc-warning">{limit}</p>}
    </>
  );
}

/** Changes the load while the run goes on. */
export function TrafficSlider() {
  const { run, permission, problem, commands } = useSimulation();
  const { page } = useDesk();
  usePage((state) => state.recorded);
  const [chosen, setChosen] = useState<number | null>(null);
  const send = useCallback(
    (rate: number) => void commands.setTraffic({ requestsPerSecond: rate }),
    [commands],
  );
  const { change, flush } = useDebounced(send);
  const planned = run?.control.profile === "Constant" ? run.control.requestsPerSecond : null;
  // What was chosen shows until the run says the same, or the server refused it.
  useEffect(() => setChosen((rate) => (rate === planned ? null : rate)), [planned]);
  useEffect(() => {
    if (problem.length > 0) setChosen(null);
  }, [problem]);
  if (run === null) return null;
  const rate = chosen ?? planned ?? Math.round(page.newest.total?.target ?? 0);
  const choose = (next: number) => {
    setChosen(next);
    change(next);
  };
  return (
    <section
      className="fc-traffic"
      aria-label="Traffic"
      title={permission.allowed ? undefined : permission.reason}
    >
      <label className="fc-slider">
        <span>Traffic</span>
        <input
          type="range"
          min={0}
          max={SLIDER_STEPS}
          value={positionOf(rate)}
          aria-valuetext={`${formatRate(rate)} of at most ${formatRate(MAX_RATE)}`}
          disabled={!permission.allowed}
          onChange={(event) => choose(rateAt(event.target.valueAsNumber))}
          onPointerUp={flush}
        />
      </label>
      <RateField rate={rate} disabled={!permission.allowed} onRate={choose} />
      <span className="fc-unit">req/s</span>
      {[2, 10].map((factor) => (
        <Button
          key={factor}
          permission={permission}
          name={`Multiply traffic by ${factor}`}
          onPress={() => choose(scaled(rate, factor))}
        >
          ×{factor}
        </Button>
      ))}
      <Achieved run={run} />
      {planned === null && permission.allowed && (
        <p className="fc-hint">
          The plan is {run.control.profile.toLowerCase()}; a rate set here replaces it.
        </p>
      )}
      <Problems lines={problem} />
    </section>
  );
}
