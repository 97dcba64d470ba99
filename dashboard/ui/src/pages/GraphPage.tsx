import { useCallback } from "react";
import { draftOfGraph, emptyDraft } from "../editor/draft";
import { GraphEditor } from "../editor/GraphEditor";
import { useAnswer } from "../hooks/useAnswer";
import { useDesk, usePage } from "../hooks/useSimulation";
import { Problems } from "../panels/Problems";
import { Loading } from "../states/Notices";
import { Go } from "./Go";

function KnownGraph({ id }: { id: string }) {
  const { service } = useDesk();
  const answer = useAnswer(useCallback(() => service.graph(id), [service, id]));
  if (answer.state === "here") {
    const { value } = answer;
    return <GraphEditor start={draftOfGraph(value)} from={value} />;
  }
  return (
    <main className="sheet">
      {answer.state === "waiting" ? (
        <Loading />
      ) : (
        <>
          <h1>This graph cannot be shown</h1>
          <Problems lines={answer.lines} />
          <Go to="/">All runs</Go>
        </>
      )}
    </main>
  );
}

/** A graph to be drawn: a new one, or one of the server's. */
export default function GraphPage({ id }: { id: string | null }) {
  const namespace = usePage((state) => state.session?.namespace ?? "");
  return id === null ? <GraphEditor start={emptyDraft(namespace)} from={null} /> : <KnownGraph id={id} />;
}
