import { OwnRun } from "../panels/StartForm";
import type { Editor } from "./useEditor";

/** Starts a run on the graph as it is saved. */
export function RunTab({ editor: { base, changed } }: { editor: Editor }) {
  if (base === null || changed) {
    return <p className="fc-empty">Save the graph first: a run plays what is saved.</p>;
  }
  return (
    <section className="fc-begin" aria-label="Rehearse this graph">
      <OwnRun key={base.summary.id} graphs={[base.summary]} />
    </section>
  );
}
