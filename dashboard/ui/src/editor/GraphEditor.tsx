import { useCallback, useEffect, useMemo, useState } from "react";
import type { EditBox } from "../canvas/EditNode";
import { EditorCanvas } from "../canvas/EditorCanvas";
import { usePage } from "../hooks/useSimulation";
import { KindIcon } from "../icons/Icon";
import { Brand } from "../pages/Brand";
import { Button } from "../panels/Button";
import { Choice } from "../panels/Choice";
import { Problems } from "../panels/Problems";
import { type Permission, permitted } from "../state/permission";
import { capitalise, words } from "../text/format";
import type { api } from "../wire";
import { ComponentForm } from "./ComponentForm";
import {
  add,
  componentOf,
  componentsOf,
  connect,
  type Draft,
  move,
  placeOf,
  refusal,
  remove,
  tidy,
} from "./draft";
import type { Faults } from "./faults";
import { gist } from "./settings";
import { type Base, useEditor } from "./useEditor";
import { YamlPanel } from "./YamlPanel";
import "./editor.css";

const types: readonly api.ComponentType[] = [
  "CDN",
  "LoadBalancer",
  "APIServer",
  "Cache",
  "Database",
  "MessageQueue",
  "Worker",
];

type Editor = ReturnType<typeof useEditor>;
const YES: Permission = { allowed: true };
const when = (possible: boolean, reason: string): Permission => (possible ? YES : { allowed: false, reason });

function boxesOf(draft: Draft, faults: Faults): EditBox[] {
  return componentsOf(draft).map((one) => ({
    name: one.name,
    kind: one.type ?? "",
    gist: gist(one),
    faults: faults.components.get(one.name)?.length ?? 0,
    pinned: one.position !== undefined,
    place: placeOf(draft, one),
  }));
}

function linksOf(draft: Draft): { from: string; to: string }[] {
  return (draft.spec.connections ?? []).flatMap(({ from, to }) =>
    from === undefined || to === undefined ? [] : [{ from, to }],
  );
}

function Palette({ after, onAdd }: { after: string | null; onAdd(type: api.ComponentType): void }) {
  return (
    <nav className="ed-palette" aria-label="Components to add">
      <h2>{after === null ? "Add" : `Add after ${after}`}</h2>
      {types.map((type) => (
        <button key={type} type="button" onClick={() => onAdd(type)}>
          <KindIcon kind={type} />
          {capitalise(words(type))}
        </button>
      ))}
      <p className="fc-hint">
        Drag from the right edge of a box to another, or press C and then Enter, to connect.
      </p>
      <p className="fc-hint">Dragging a box, or Alt with an arrow, pins it. T tidies.</p>
    </nav>
  );
}

function saveable(editor: Editor, session: Parameters<typeof permitted>[0]): Permission {
  const may = permitted(session, "create componentgraphs");
  if (!may.allowed) return may;
  if (editor.saving) return when(false, "It is being saved.");
  if (componentsOf(editor.draft).length === 0) return when(false, "Add a component first.");
  return when(editor.changed, "Everything is saved.");
}

function Masthead({ editor, onTidy }: { editor: Editor; onTidy(): void }) {
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
        <Problems lines={editor.problem} />
        <Button permission={saveable(editor, session)} onPress={() => void editor.save()} tone="primary">
          {base === null ? "Save as ComponentGraph" : "Save"}
        </Button>
      </div>
    </header>
  );
}

/** Undo, redo and tidy by keys, while nobody types. */
function useKeys(editor: Editor, onTidy: () => void): void {
  const { back, again } = editor;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
      if (typing || event.defaultPrevented || event.altKey) return;
      const key = event.key.toLowerCase();
      const command = event.ctrlKey || event.metaKey;
      if (command && (key === "y" || (key === "z" && event.shiftKey))) again?.();
      else if (command && key === "z") back?.();
      else if (!command && key === "t") onTidy();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [back, again, onTidy]);
}

type Tab = "settings" | "yaml";

const tabs: readonly { tab: Tab; name: string }[] = [
  { tab: "settings", name: "Settings" },
  { tab: "yaml", name: "YAML" },
];

function Whole({ editor }: { editor: Editor }) {
  const { draft, faults, unchecked } = editor;
  const wrong = [...faults.components].flatMap(([name, list]) => list.map((fault) => ({ ...fault, name })));
  const count = componentsOf(draft).length;
  return (
    <>
      <Problems lines={unchecked} />
      {[...wrong, ...faults.rest.map((fault) => ({ ...fault, name: "" }))].map((fault) => (
        <p key={`${fault.name}/${fault.field}/${fault.message}`} className="ed-fault">
          {(fault.name || fault.field) && <code>{fault.name || fault.field}</code>} {fault.message}
        </p>
      ))}
      {count === 0 ? (
        <p className="fc-empty">Add the component that traffic enters at, then what it calls.</p>
      ) : (
        wrong.length + faults.rest.length + unchecked.length === 0 && (
          <p className="fc-empty">The graph makes sense. Select a component to set it up.</p>
        )
      )}
    </>
  );
}

/** Draws a graph: from nothing, or over the version of it that the server had. */
export function GraphEditor({ start, from }: { start: Draft; from: Base }) {
  const editor = useEditor(start, from);
  const { draft, change, faults } = editor;
  const [selected, setSelected] = useState<string | null>(null);
  const [calling, setCalling] = useState<string | null>(null);
  const [tab, setTab] = useState<Tab>("settings");
  const [said, setSaid] = useState("");
  const onTidy = useCallback(() => change(tidy(draft)), [change, draft]);
  useKeys(editor, onTidy);
  const boxes = useMemo(() => boxesOf(draft, faults), [draft, faults]);
  const links = useMemo(() => linksOf(draft), [draft]);
  const component = componentOf(draft, selected);
  const name = component?.name ?? null;
  const join = (source: string, target: string) => {
    setSaid(refusal(draft, source, target) ?? `${source} calls ${target}.`);
    change(connect(draft, source, target));
  };
  return (
    <main className="ed">
      <Masthead editor={editor} onTidy={onTidy} />
      <Palette
        after={name}
        onAdd={(type) => {
          const added = add(draft, type, name);
          change(added.draft);
          setSelected(added.name);
        }}
      />
      <div className="stage-area">
        <EditorCanvas
          boxes={boxes}
          links={links}
          selected={name}
          calling={calling}
          onSelect={setSelected}
          onMove={(moved, to) => change(move(draft, moved, to))}
          onConnect={join}
          onCalling={setCalling}
          onRemove={(gone) => change(remove(draft, gone))}
        />
        <p className="ed-said" role="status">
          {calling === null ? said : `Connecting from ${calling}: choose what it calls, or press Escape.`}
        </p>
      </div>
      <aside className="side">
        <Choice name="editor" label="Beside the canvas" choices={tabs} chosen={tab} onChoose={setTab} />
        {tab === "yaml" && <YamlPanel draft={draft} onDraft={change} />}
        {tab === "settings" && component === undefined && <Whole editor={editor} />}
        {tab === "settings" && component !== undefined && (
          <ComponentForm
            draft={draft}
            component={component}
            faults={faults.components.get(component.name) ?? []}
            onDraft={change}
            onName={setSelected}
          />
        )}
      </aside>
    </main>
  );
}
