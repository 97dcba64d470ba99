import { useCallback, useEffect, useState } from "react";
import { useDesk } from "../hooks/useSimulation";
import { graphPath } from "../route";
import { linesOf, Problem } from "../services/problem";
import type { Graph, GraphSummary } from "../wire";
import { bodyOf, type Draft } from "./draft";
import { type Faults, NO_FAULTS, sortFaults } from "./faults";
import { advance, begin, redo, undo } from "./history";

/** A change waits so long for the next one before the server is asked, in milliseconds. */
const CHECK_MS = 400;

/** The graph of the server that a draft changes; null for a new one. */
export type Base = { graph: GraphSummary; version: string } | null;

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
export function useEditor(start: Draft, from: Base) {
  const { service } = useDesk();
  const [history, setHistory] = useState(() => begin(start));
  const [base, setBase] = useState(from);
  const [saved, setSaved] = useState<Draft | null>(from === null ? null : start);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<readonly string[]>([]);
  const draft = history.now;
  const change = useCallback((next: Draft) => setHistory((now) => advance(now, next)), []);
  const back = useCallback(() => setHistory(undo), []);
  const again = useCallback(() => setHistory(redo), []);

  const took = (graph: Graph) => {
    setBase({ graph: graph.summary, version: graph.resourceVersion });
    setSaved(draft);
    window.history.replaceState(null, "", graphPath(graph.summary.id));
  };
  const save = async () => {
    setSaving(true);
    setProblem([]);
    try {
      const body = bodyOf(draft, base?.version ?? null);
      took(await (base === null ? service.createGraph(body) : service.saveGraph(base.graph.id, body)));
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
    save,
    saving,
    problem,
    ...useFaults(draft),
  };
}

/** A draft that is being edited. */
export type Editor = ReturnType<typeof useEditor>;
