import type { KeyboardEvent } from "react";
import { capitalise, words } from "../text/format";
import type { ValidationFault } from "../wire";
import { componentsOf, connect, type Draft, disconnect, type Named, refusal, remove, replace } from "./draft";
import { type Setting, settingsOf, textAt, withText } from "./settings";

interface FieldProps {
  setting: Setting;
  text: string;
  fault: string | undefined;
  onText(text: string): void;
}

/** Takes over what was written on Enter or when the field is left; Escape takes it back. */
function commits(before: string, onText: (text: string) => void) {
  const take = (input: HTMLInputElement) => {
    if (input.value !== before) onText(input.value);
  };
  return {
    onBlur: (event: { currentTarget: HTMLInputElement }) => take(event.currentTarget),
    onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => {
      if (event.key === "Enter") take(event.currentTarget);
      if (event.key === "Escape") event.currentTarget.value = before;
    },
  };
}

function Field({ setting, text, fault, onText }: FieldProps) {
  const { path, title, kind, choices = [], unit, example } = setting;
  const told = fault === undefined ? {} : { "aria-invalid": true, "aria-describedby": `fault-${path}` };
  return (
    <div className="ed-field">
      <label htmlFor={`set-${path}`}>{title}</label>
      {kind === "choice" ? (
        <select id={`set-${path}`} value={text} onChange={(event) => onText(event.target.value)} {...told}>
          <option value="">default</option>
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          key={text}
          id={`set-${path}`}
          inputMode={kind === "number" ? "numeric" : "text"}
          defaultValue={text}
          placeholder={example ?? "default"}
          {...commits(text, onText)}
          {...told}
        />
      )}
      <small>{unit}</small>
      {fault !== undefined && (
        <p className="wrong" id={`fault-${path}`}>
          {fault}
        </p>
      )}
    </div>
  );
}

const about = (fault: ValidationFault, path: string) =>
  fault.field === path || fault.field.startsWith(`${path}.`);

function Calls({ draft, name, onDraft }: { draft: Draft; name: string; onDraft(draft: Draft): void }) {
  const called = (draft.spec.connections ?? []).filter((one) => one.from === name);
  const others = componentsOf(draft).filter((one) => refusal(draft, name, one.name) === null);
  return (
    <>
      <h3>Calls</h3>
      <ul className="ed-calls">
        {called.map(({ to = "" }) => (
          <li key={to}>
            → {to}
            <button type="button" className="text" onClick={() => onDraft(disconnect(draft, name, to))}>
              Remove<span className="unseen"> the connection to {to}</span>
            </button>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <div className="ed-field">
          <label htmlFor="connect-to">Connect to</label>
          <select
            id="connect-to"
            value=""
            onChange={(event) => onDraft(connect(draft, name, event.target.value))}
          >
            <option value="">choose…</option>
            {others.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </div>
      )}
    </>
  );
}

interface Props {
  draft: Draft;
  component: Named;
  faults: readonly ValidationFault[];
  onDraft(draft: Draft): void;
  /** The component goes by another name from now on; null when it is gone. */
  onName(name: string | null): void;
}

/** The settings of a component, with what the server says of each. */
export function ComponentForm({ draft, component, faults, onDraft, onName }: Props) {
  const { name, type } = component;
  const settings = settingsOf(type);
  const taken = (text: string) => componentsOf(draft).some((one) => one.name === text);
  const rename = (text: string) => {
    const next = text.trim();
    if (next === "" || taken(next)) return;
    onDraft(replace(draft, name, { ...component, name: next }));
    onName(next);
  };
  const shown = (fault: ValidationFault) =>
    about(fault, "name") || settings.some(({ path }) => about(fault, path));
  return (
    <form className="ed-form" aria-label={`Settings of ${name}`} onSubmit={(event) => event.preventDefault()}>
      <h2>{capitalise(words(type ?? ""))}</h2>
      {faults
        .filter((fault) => !shown(fault))
        .map((fault) => (
          <p key={`${fault.field}/${fault.message}`} className="wrong">
            {fault.field !== "" && <code>{fault.field}</code>} {fault.message}
          </p>
        ))}
      <Field
        setting={{ path: "name", title: "Name", kind: "text" }}
        text={name}
        fault={faults.find((fault) => about(fault, "name"))?.message}
        onText={rename}
      />
      {settings.map((setting) => (
        <Field
          key={`${name}/${setting.path}`}
          setting={setting}
          text={textAt(component, setting.path)}
          fault={faults.find((fault) => about(fault, setting.path))?.message}
          onText={(text) => onDraft(replace(draft, name, withText(component, setting, text)))}
        />
      ))}
      <Calls draft={draft} name={name} onDraft={onDraft} />
      <button
        type="button"
        className="fc-button fc-button-danger"
        onClick={() => {
          onDraft(remove(draft, name));
          onName(null);
        }}
      >
        Remove {name}
      </button>
    </form>
  );
}
