import type { DragEvent } from "react";
import { TYPE_MEDIA } from "../canvas/EditorCanvas";
import { KindIcon } from "../icons/Icon";
import { capitalise, words } from "../text/format";
import type { api } from "../wire";

const types: readonly api.ComponentType[] = [
  "CDN",
  "LoadBalancer",
  "APIServer",
  "Cache",
  "Database",
  "MessageQueue",
  "Worker",
];

function carry(event: DragEvent, type: api.ComponentType): void {
  event.dataTransfer.setData(TYPE_MEDIA, type);
  event.dataTransfer.effectAllowed = "copy";
}

interface Props {
  /** The component that calls what is added next; null when nobody does. */
  after: string | null;
  onAdd(type: api.ComponentType): void;
}

/** The types of components: pressed, one is added after the selected one; dragged, where it is dropped. */
export function Palette({ after, onAdd }: Props) {
  return (
    <nav className="ed-palette" aria-label="Components to add">
      <h2>{after === null ? "Add" : `Add after ${after}`}</h2>
      {types.map((type) => (
        <button
          key={type}
          type="button"
          draggable
          onDragStart={(event) => carry(event, type)}
          onClick={() => onAdd(type)}
        >
          <KindIcon kind={type} />
          {capitalise(words(type))}
        </button>
      ))}
      <dl className="ed-keys">
        <dt>Connect</dt>
        <dd>
          drag from the dot, or <kbd>C</kbd>, then <kbd>Enter</kbd> on what it calls
        </dd>
        <dt>Move</dt>
        <dd>
          drag, or <kbd>Alt</kbd> with an arrow
        </dd>
        <dt>Go</dt>
        <dd>arrows, along the calls</dd>
        <dt>Remove</dt>
        <dd>
          <kbd>Delete</kbd>
        </dd>
        <dt>Tidy</dt>
        <dd>
          <kbd>T</kbd>; <kbd>Ctrl</kbd> <kbd>Z</kbd> takes it back
        </dd>
      </dl>
    </nav>
  );
}
