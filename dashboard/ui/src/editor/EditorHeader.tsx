import { usePage } from "../hooks/useSimulation";
import { Brand } from "../pages/Brand";
import { Button } from "../panels/Button";
import { type Permission, permitted } from "../state/permission";
import { componentsOf } from "./draft";
import type { Editor } from "./useEditor";

const YES: Permission = { allowed: true };
const when = (possible: boolean, reason: string): Permission => (possible ? YES : { allowed: false, reason });

function saveable(editor: Editor, session: Parameters<typeof permitted>[0]): Permission {
  const may = permitted(session, "create componentgraphs");
  if (!may.allowed) return may;
  if (editor.saving) return when(false, "It is being saved.");
  if (componentsOf(editor.draft).length === 0) return when(false, "Add a component first.");
  return when(editor.changed, "Everything is saved.");
}

/** The name of the graph, what was done to it, and saving it. */
export function EditorHeader({ editor, onTidy }: { editor: Editor; onTidy(): void }) {
  const session = usePage((state) => state.session);
  const { draft, base, change, back, again } = editor;
  const rename = (name: string) => {
    if (name.trim() !== "" && name !== draft.name) change({ ...draft, name: name.trim() });
  };
  return (
    <header className="masthead">
      <Brand />
      <h1 className="unseen">Graph {draft.name}</h1>
      <input
        key={draft.name}
        className="ed-name"
        aria-label="Name of the graph"
        defaultValue={draft.name}
        readOnly={base !== null}
        title={base === null ? undefined : "A saved graph keeps its name: kubectl knows it by that."}
        onBlur={(event) => rename(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && rename(event.currentTarget.value)}
      />
      <div className="ed-row">
        <Button permission={when(back !== null, "Nothing was done yet.")} onPress={() => back?.()}>
          Undo
        </Button>
        <Button permission={when(again !== null, "Nothing was taken back.")} onPress={() => again?.()}>
          Redo
        </Button>
        <Button
          permission={when(componentsOf(draft).length > 0, "There is nothing to tidy.")}
          onPress={onTidy}
        >
          Tidy
        </Button>
      </div>
      <div className="ed-row ed-end">
        <Button permission={saveable(editor, session)} onPress={() => void editor.save()} tone="primary">
          {base === null ? "Save as ComponentGraph" : "Save"}
        </Button>
      </div>
    </header>
  );
}
