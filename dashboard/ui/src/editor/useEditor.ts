import { useCallback, useEffect, useState } from "react";
import { useDesk } from "../hooks/useSimulation";
import { graphPath } from "../route";
import { linesOf, Problem } from "../services/problem";
import type { Graph } from "../wire";
import { bodyOf, type Draft } from "./draft";
import { type Faults, NO_FAULTS, sortFaults } from "./faults";
import { advance, begin, redo, undo } from "./history";
import { type Base, save } from "./save";

/** A change waits so long for the next one before the server is asked, in milliseconds. */
const CHECK_MS = 400;

/** What an answer says is wrong with the draft itself; null when it is about something else. */
function faultsIn(error: unknown) {
  return error instanceof Problem && error.status === 422 && error.faults.length > 0 ? error.faults : null;
}

/** What the server says of a draft, asked again whenever it has changed. */
function useFaults(draft: Draft) {
  const { service } = useDesk();
  const [faults, setFaults] = useState<Faults>(NO_FAULTS);
  const [unchecked, setUnchecked] = useState<readonly string[]>([]);
  useEffect(() => {
    if ((draft.spec.components ?? []).length === 0) {
      setFaults(NO_FAULTS);
      setUnchecked([]);
      return;
    }
    let wanted = true;
    const ask = async () => {
      try {
        const { faults: found } = await service.checkGraph(bodyOf(draft, null));
        if (!wanted) return;
        setFaults(sortFaults(draft, found));
        setUnchecked([]);
      } catch (error) {
        if (!wanted) return;
        const told = faultsIn(error);
        setFaults(told === null ? NO_FAULTS : sortFaults(draft, told));
        setUnchecked(told === null ? linesOf(error) : []);
      }
    };
    const timer = setTimeout(() => void ask(), CHECK_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [service, draft]);
  return { faults, unchecked };
}

/** A draft with its history, what the server says of it, and where it is saved. */
export function useEditor(start: Draft, from: Base | null) {
  const { service } = useDesk();
  const [history, setHistory] = useState(() => begin(start));
  const [base, setBase] = useState<Base | null>(from);
  const [saved, setSaved] = useState<Draft | null>(from === null ? null : start);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<readonly string[]>([]);
  const draft = history.now;
  const change = useCallback((next: Draft) => setHistory((now) => advance(now, next)), []);
  const back = useCallback(() => setHistory(undo), []);
  const again = useCallback(() => setHistory(redo), []);

  const took = (graph: Graph) => {
    setBase(graph);
    setSaved(draft);
    window.history.replaceState(null, "", graphPath(graph.summary.id));
  };
  const keep = async () => {
    setSaving(true);
    setProblem([]);
    try {
      took(await save(service, draft, base));
    } catch (error) {
      setProblem(linesOf(error));
    } finally {
      setSaving(false);
    }
  };
  return {
    draft,
    base,
    change,
    back: history.past.length > 0 ? back : null,
    again: history.future.length > 0 ? again : null,
    changed: draft !== saved,
    save: keep,
    saving,
    problem,
    ...useFaults(draft),
  };
}

/** A draft that is being edited. */
export type Editor = ReturnType<typeof useEditor>;
