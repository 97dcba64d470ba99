import { Problems } from "../panels/Problems";
import { componentsOf } from "./draft";
import type { Editor } from "./useEditor";

interface Line {
  /** The component that the fault is about; empty when it is about the whole. */
  name: string;
  /** Where in it. */
  at: string;
  message: string;
}

function linesOf({ faults }: Editor): Line[] {
  const placed = [...faults.components].flatMap(([name, list]) =>
    list.map(({ field, to, message }) => ({ name, at: to === undefined ? field : `→ ${to}`, message })),
  );
  return [...placed, ...faults.rest.map(({ field, message }) => ({ name: "", at: field, message }))];
}

/** What the server says of the whole graph, while no component is selected. */
export function WholeGraph({ editor, onSelect }: { editor: Editor; onSelect(name: string): void }) {
  const { draft, unchecked } = editor;
  const lines = linesOf(editor);
  const count = componentsOf(draft).length;
  return (
    <>
      <Problems lines={unchecked} />
      {lines.map(({ name, at, message }) => (
        <p key={`${name}/${at}/${message}`} className="ed-fault">
          {name !== "" && (
            <button type="button" className="text" onClick={() => onSelect(name)}>
              {name}
            </button>
          )}{" "}
          {at !== "" && <code>{at}</code>} {message}
        </p>
      ))}
      {count > 0 && lines.length + unchecked.length === 0 && (
        <p className="fc-empty">The API server takes this graph. Select a component to set it up.</p>
      )}
      {count === 0 && (
        <p className="fc-empty">Settings of a component are here once there is one and it is selected.</p>
      )}
    </>
  );
}
