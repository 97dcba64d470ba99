import type { FeedTick, Replay, ReplaySeries } from "../src/wire";
import type { Play } from "./session";

/** One column of all ticks, turned: a series for each id. */
function series(
  ids: readonly string[],
  metric: string,
  rows: readonly (readonly (number | null)[])[],
): ReplaySeries[] {
  return ids.map((id, place) => ({ id, metric, values: rows.map((row) => row[place] ?? null) }));
}

/** What the server's history would hold of a session: its ticks of whole seconds. */
export function replayOf({ snapshot, steps }: Play): Replay {
  const ticks = steps.flatMap(({ message }) =>
    message.type === "tick" && Number.isInteger(message.elapsed) ? [message as FeedTick] : [],
  );
  const { ids, linkIds } = snapshot.topology;
  const columns = Object.keys(ticks[0]?.cols ?? {}) as (keyof FeedTick["cols"])[];
  return {
    snapshot,
    startedAt: snapshot.run.startedAt ?? snapshot.run.createdAt,
    seconds: ticks.map(({ elapsed }) => elapsed),
    series: [
      ...columns.flatMap((name) =>
        series(
          ids,
          name,
          ticks.map(({ cols }) => cols[name] ?? []),
        ),
      ),
      ...series(
        linkIds,
        "rate",
        ticks.map(({ links }) => links ?? []),
      ),
    ],
    total: {},
  };
}
