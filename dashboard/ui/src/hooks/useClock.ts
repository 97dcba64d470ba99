import { type Span, secondOf } from "../scrubber/cursor";
import type { Run } from "../state/run";
import { plannedEnd, spanOf } from "../state/store";
import { useDesk, usePage } from "./useSimulation";

/** The one clock of a run: seconds since its traffic began, pauses counted. */
export interface Clock {
  span: Span;
  /** The second that the page looks at. */
  second: number;
  /** The second at which the run is planned to end. */
  planned: number;
}

/** The clock of a run, which moves on with each second that is recorded. */
export function useClock(run: Run): Clock {
  const { page } = useDesk();
  const cursor = usePage((state) => state.cursor);
  usePage((state) => state.recorded);
  const span = spanOf(run, page.recording.seconds.at(-1));
  return { span, second: secondOf(cursor, span), planned: plannedEnd(run, span) };
}
