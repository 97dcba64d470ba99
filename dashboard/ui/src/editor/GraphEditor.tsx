import { useCallback, useEffect, useMemo, useState } from "react";
import type { EditBox } from "../canvas/EditNode";
import { EditorCanvas } from "../canvas/EditorCanvas";
import { Choice } from "../panels/Choice";
import { Problems } from "../panels/Problems";
import { ComponentForm } from "./ComponentForm";
import {
  add,
  componentOf,
  componentsOf,
  connect,
  type Draft,
  drop,
  entriesOf,
  move,
  placeOf,
  refusal,
  remove,
  tidy,
} from "./draft";
import { EditorHeader } from "./EditorHeader";
import type { Faults } from "./faults";
import { Palette } from "./Palette";
import { RunTab } from "./RunTab";
import type { Base } from "./save";
import { gist } from "./settings";
import { type Editor, useEditor } from "./useEditor";
import { WholeGraph } from "./WholeGraph";
import { YamlPanel } from "./YamlPanel";
import "./editor.css";

function boxesOf(draft: Draft, faults: Faults): EditBox[] {
  const entries = entriesOf(draft);
  return componentsOf(draft).map((one) => ({
    name: one.name,
    kind: one.type ?? "",
    gist: gist(one),
    faults: faults.components.get(one.name)?.length ?? 0,
    entry: entries.has(one.name),
    pinned: one.position !== undefined,
    place: placeOf(draft, one),
  }));
}

function linksOf(draft: Draft): { from: string; to: string }[] {
  return (draft.spec.connections ?? []).flatMap(({ from, to }) =>
    from === undefined || to === undefined ? [] : [{ from, to }],
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

type Tab = "settings" | "yaml" | "run";

const tabs: readonly { tab: Tab; name: string }[] = [
  { tab: "settings", name: "Settings" },
  { tab: "yaml", name: "YAML" },
  { tab: "run", name: "Run" },
];

interface SideProps {
  editor: Editor;
  selected: string | null;
  onSelect(name: string | null): void;
}

/** Beside the canvas: settings of what is selected, the YAML, or a run to start. */
function Side({ editor, selected, onSelect }: SideProps) {
  const [tab, setTab] = useState<Tab>("settings");
  const { draft, change, faults } = editor;
  const component = componentOf(draft, selected);
  return (
    <aside className="side">
      <Choice name="editor" label="Beside the canvas" choices={tabs} chosen={tab} onChoose={setTab} />
      {tab === "yaml" && <YamlPanel draft={draft} onDraft={change} />}
      {tab === "run" && <RunTab editor={editor} />}
      {tab === "settings" && component === undefined && <WholeGraph editor={editor} onSelect={onSelect} />}
      {tab === "settings" && component !== undefined && (
        <ComponentForm
          draft={draft}
          component={component}
          faults={faults.components.get(component.name) ?? []}
          onDraft={change}
          onName={onSelect}
        />
      )}
    </aside>
  );
}

/** Draws a graph: from nothing, or over the version of it that the server had. */
export function GraphEditor({ start, from }: { start: Draft; from: Base | null }) {
  const editor = useEditor(start, from);
  const { draft, change, faults } = editor;
  const [selected, setSelected] = useState<string | null>(null);
  const [calling, setCalling] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const onTidy = useCallback(() => change(tidy(draft)), [change, draft]);
  useKeys(editor, onTidy);
  const boxes = useMemo(() => boxesOf(draft, faults), [draft, faults]);
  const links = useMemo(() => linksOf(draft), [draft]);
  const name = componentOf(draft, selected)?.name ?? null;
  const join = (source: string, target: string) => {
    setSaid(refusal(draft, source, target) ?? `${source} calls ${target}.`);
    change(connect(draft, source, target));
  };
  const take = (added: { draft: Draft; name: string }) => {
    change(added.draft);
    setSelected(added.name);
    setSaid(`${added.name} was added.`);
  };
  return (
    <main className="ed">
      <EditorHeader editor={editor} onTidy={onTidy} />
      <Palette after={name} onAdd={(type) => take(add(draft, type, name))} />
      <div className="stage-area">
        <EditorCanvas
          boxes={boxes}
          links={links}
          selected={name}
          calling={calling}
          onSelect={setSelected}
          onMove={(moved, to) => change(move(draft, moved, to))}
          onDrop={(type, at) => take(drop(draft, type, at))}
          onConnect={join}
          onCalling={setCalling}
          onRemove={(gone) => change(remove(draft, gone))}
        />
        {boxes.length === 0 && (
          <div className="ed-blank">
            <h2>Draw an architecture</h2>
            <p>Add what traffic enters at, then what it calls. Press or drag a component on the left.</p>
            <p className="hint">Or paste a ComponentGraph under YAML.</p>
          </div>
        )}
        <div className="ed-told">
          <p className="ed-said" role="status">
            {calling === null ? said : `Connecting from ${calling}: choose what it calls, or press Escape.`}
          </p>
          <Problems lines={editor.problem} />
        </div>
      </div>
      <Side editor={editor} selected={name} onSelect={setSelected} />
    </main>
  );
}
