import { useCallback, useEffect, useState } from "react";
import { useDesk } from "../hooks/useSimulation";
import { MOST_COMPARED } from "../panels/runlist";
import { Recording } from "../replay/recording";
import { linesOf, Problem } from "../services/problem";
import { runOf } from "../state/run";
import type { Comparison } from "../wire";
import { letterOf, type Member } from "./model";

/** A run of the comparison that cannot be shown, and why. */
export interface Missing {
  id: string;
  letter: string;
  /** It is not there, or may not be seen: nothing of it can be compared. */
  gone: boolean;
  lines: readonly string[];
}

/** What came of asking for the runs. */
export type Compared =
  | { state: "waiting" }
  | { state: "failed"; lines: readonly string[]; missing: readonly Missing[] }
  | ({ state: "here" } & Here);

/** Runs that can be compared. */
export interface Here {
  /** Those that can be shown. */
  members: readonly Member[];
  missing: readonly Missing[];
  comparison: Comparison;
  /** The place among all that were asked for of each run of the comparison. */
  places: readonly number[];
}

type Asked = { member: Member } | { missing: Missing };

/** Statuses of a run that no question will be answered about. */
const GONE: ReadonlySet<number> = new Set([403, 404]);

/** Why there is nothing to compare, before anybody is asked; empty when there is. */
export function incomparable(ids: readonly string[]): readonly string[] {
  if (new Set(ids).size !== ids.length) return ["One run stands here twice: choose two different ones."];
  if (ids.length < 2) return ["Choose at least two runs to compare."];
  return ids.length > MOST_COMPARED ? [`At most ${MOST_COMPARED} runs are compared at once.`] : [];
}

/** Asks for runs and how they compare; again when reload is called. What one run lacks spares the others. */
export function useMembers(ids: readonly string[]): { compared: Compared; reload(): void } {
  const { service } = useDesk();
  const [compared, setCompared] = useState<Compared>({ state: "waiting" });
  const [round, setRound] = useState(0);
  const key = ids.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks anew
  useEffect(() => {
    let wanted = true;
    const named = key.split("\n").filter((id) => id !== "");
    const refused = incomparable(named);
    if (refused.length > 0) return setCompared({ state: "failed", lines: refused, missing: [] });
    const one = async (id: string, place: number): Promise<Asked> => {
      const letter = letterOf(place);
      try {
        const replay = await service.replay(id);
        const recording = new Recording();
        recording.load(replay);
        return { member: { place, letter, run: runOf(replay.snapshot), recording } };
      } catch (error) {
        const gone = error instanceof Problem && GONE.has(error.status);
        return { missing: { id, letter, gone, lines: linesOf(error) } };
      }
    };
    const all = async (): Promise<Compared> => {
      const asked = await Promise.all(named.map(one));
      const missing = asked.flatMap((one) => ("missing" in one ? [one.missing] : []));
      const there = named.filter((id) => !missing.some((one) => one.gone && one.id === id));
      if (there.length < 2)
        return { state: "failed", lines: ["Fewer than two of these runs are there."], missing };
      try {
        const comparison = await service.compare(there);
        const members = asked.flatMap((one) => ("member" in one ? [one.member] : []));
        return { state: "here", members, missing, comparison, places: there.map((id) => named.indexOf(id)) };
      } catch (error) {
        return { state: "failed", lines: linesOf(error), missing };
      }
    };
    void all().then((now) => wanted && setCompared(now));
    return () => {
      wanted = false;
    };
  }, [service, key, round]);
  return { compared, reload: useCallback(() => setRound((was) => was + 1), []) };
}
