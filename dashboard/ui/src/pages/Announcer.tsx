import { useEffect, useRef, useState } from "react";
import { useDesk } from "../hooks/useSimulation";
import type { Run } from "../state/run";
import { sentenceOf, waitOf } from "./announce";

/** Tells screen readers decisions, alerts and the end, politely and not too often; never measurements. */
export function Announcer({ run }: { run: Run }) {
  const { surroundings } = useDesk();
  const sentence = sentenceOf(run);
  const first = useRef(sentence);
  const last = useRef(Number.NEGATIVE_INFINITY);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (sentence === first.current) return;
    return surroundings.after(waitOf(last.current, surroundings.now()), () => {
      last.current = surroundings.now();
      setSaid(sentence);
    });
  }, [sentence, surroundings]);
  return (
    <p className="unseen" role="status" aria-live="polite">
      {said}
    </p>
  );
}
