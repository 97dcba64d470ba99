import { useEffect, useRef, useState } from "react";
import { usePage } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { announcement } from "./announce";

/** A screen reader is spoken to at most so often, in milliseconds. */
const PAUSE_MS = 5000;

/** Tells screen readers of decisions and of the run's stage, politely. */
export function LiveRegion() {
  const run = usePage((state) => state.feed.run);
  const told = useRef<Run | null>(null);
  const spoke = useRef(Number.NEGATIVE_INFINITY);
  const [words, setWords] = useState("");
  useEffect(() => {
    if (run === null) return;
    const tell = () => {
      const text = announcement(told.current, run);
      told.current = run;
      if (text === "") return;
      spoke.current = Date.now();
      setWords(text);
    };
    const timer = setTimeout(tell, Math.max(0, spoke.current + PAUSE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [run]);
  return (
    <div className="fc-hidden" role="status" aria-live="polite">
      {words}
    </div>
  );
}
