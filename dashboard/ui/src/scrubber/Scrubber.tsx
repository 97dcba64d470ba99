import { useMemo } from "react";
import { eventMarks } from "../charts/model";
import { useClock } from "../hooks/useClock";
import { useDesk, usePage } from "../hooks/useSimulation";
import { planPoints, planUntil, trafficLine } from "../panels/traffic";
import type { Run } from "../state/run";
import { seek } from "./cursor";
import { TimeLine } from "./TimeLine";

/** Looks at any second of the run: the canvas and every panel follow. */
export function Scrubber() {
  const run = usePage((state) => state.feed.run);
  return run === null ? null : <Line run={run} />;
}

function Line({ run }: { run: Run }) {
  const { page } = useDesk();
  const cursor = usePage((state) => state.cursor);
  const { span, second, planned } = useClock(run);
  const marks = useMemo(() => eventMarks(run).map((mark) => ({ ...mark, key: mark.decision })), [run]);

  const whole = Math.max(span.end, span.growing ? planned : 0, 1);
  const { seconds } = page.recording;
  const targets = page.recording.totalValues("target");
  const paused = planned - run.control.durationSeconds;
  const plan = planUntil(trafficLine(seconds, targets, run.control.planned, paused), whole);
  const start = plan[0]?.second;
  const corners =
    start === undefined ? "" : `${(1000 * start) / whole},30 ${planPoints(plan, 1000, 28)} 1000,30`;
  return (
    <TimeLine
      {...{ cursor, span, second, whole, marks }}
      plan={corners}
      end={run.phase.finished ? "End" : "Live"}
      move={page.move}
      pass={page.pass}
      onMark={(mark) => {
        page.move((now, all) => seek(now, all, mark.second));
        page.select({ decision: mark.decision });
      }}
    />
  );
}
