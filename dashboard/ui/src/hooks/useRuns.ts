import { useCallback, useEffect, useState } from "react";
import type { Verdict } from "../panels/runlist";
import { linesOf, Problem } from "../services/problem";
import type { RunList, RunSummary } from "../wire";
import { useAnswer } from "./useAnswer";
import { useDesk } from "./useSimulation";

/** The cluster's runs are asked for so often while somebody looks, in milliseconds. */
const REFRESH_MS = 2000;
/** The newest kept runs are asked for so often: a run comes to them when its object goes. */
const KEPT_MS = 10_000;
/** So many kept runs come at once. */
export const PAGE = 50;

/** Calls again and again while the page is seen. */
function useEvery(ms: number, call: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && call(), ms);
    return () => clearInterval(timer);
  }, [ms, call]);
}

/** The runs of the cluster. What is shown stays when an answer fails; the next one replaces it. */
export function useRuns() {
  const { service } = useDesk();
  const first = useAnswer(service.runs);
  const [newer, setNewer] = useState<RunList | null>(null);
  useEvery(
    REFRESH_MS,
    useCallback(() => void service.runs().then(setNewer, () => {}), [service]),
  );
  return newer === null ? first : { state: "here" as const, value: newer };
}

/** Runs that only the history has. */
export interface Kept {
  items: readonly RunSummary[];
  /** The history has more of them, which come one page at a time. */
  more: (() => void) | null;
  /** Nothing has come yet. */
  waiting: boolean;
  /** Why they cannot be told; none where no history is kept. */
  problem: readonly string[];
}

/** What came of a question, and which it was: answers to an earlier one are dropped. */
interface Pages {
  question: unknown;
  items: readonly RunSummary[];
  before: string;
  waiting: boolean;
  problem: readonly string[];
  /** The server keeps no history, so that it is not asked again. */
  none: boolean;
}

const NO_PAGE: Omit<Pages, "question"> = { items: [], before: "", waiting: true, problem: [], none: false };

function joined(had: readonly RunSummary[], came: readonly RunSummary[]): RunSummary[] {
  return [...new Map([...had, ...came].map((run) => [run.id, run])).values()];
}

/** A server that keeps no history answers 404, and that is no fault. */
function refused(error: unknown): Omit<Pages, "question"> {
  const none = error instanceof Problem && error.status === 404;
  return { ...NO_PAGE, waiting: false, none, problem: none ? [] : linesOf(error) };
}

/** The kept runs that have a text and a verdict; what is searched is asked of the whole history. */
export function useKept(search: string, verdict: Verdict | null): Kept {
  const { service } = useDesk();
  const [pages, setPages] = useState<Pages>({ ...NO_PAGE, question: null });
  const ask = useCallback(
    (before: string) => service.history({ search, verdict, before, limit: PAGE }),
    [service, search, verdict],
  );
  /** Takes an answer in, if its question is still the one. */
  const take = useCallback(
    (change: (was: Pages) => Partial<Pages>) =>
      setPages((was) => (was.question === ask ? { ...was, waiting: false, ...change(was) } : was)),
    [ask],
  );
  useEffect(() => {
    setPages((was) => ({ ...was, question: ask, waiting: true }));
    ask("").then(
      ({ items, before = "" }) => take(() => ({ items, before, problem: [] })),
      (error: unknown) => take(() => refused(error)),
    );
  }, [ask, take]);
  const renew = useCallback(() => {
    if (pages.none) return;
    ask("").then(
      ({ items, before = "" }) =>
        take((was) => ({
          items: joined(was.items, items),
          before: was.items.length === 0 ? before : was.before,
          problem: [],
        })),
      () => {}, // what is shown stays
    );
  }, [ask, take, pages.none]);
  useEvery(KEPT_MS, renew);
  const more = () => {
    ask(pages.before).then(
      ({ items, before = "" }) => take((was) => ({ items: joined(was.items, items), before, problem: [] })),
      (error: unknown) => take(() => ({ problem: linesOf(error) })),
    );
  };
  return { ...pages, more: pages.before === "" ? null : more };
}
