import type { api } from "../wire";
import { adjust, componentsOf, connect, type Draft, disconnect, refusal } from "./draft";
import { Field } from "./Field";
import { isAbout, type PlacedFault } from "./faults";
import { connectionSettings, textAt, withText } from "./settings";

interface Props {
  draft: Draft;
  /** The component that calls. */
  name: string;
  faults: readonly PlacedFault[];
  onDraft(draft: Draft): void;
}

function Call({ draft, connection, faults, onDraft }: Omit<Props, "name"> & { connection: api.Connection }) {
  const { from = "", to = "" } = connection;
  const ours = faults.filter((fault) => fault.to === to);
  const shown = (fault: PlacedFault) => connectionSettings.some(({ path }) => isAbout(fault, path));
  return (
    <li>
      <details open={ours.some(shown) || undefined}>
        <summary>{to}</summary>
        {connectionSettings.map((setting) => (
          <Field
            key={setting.path}
            setting={setting}
            text={textAt(connection, setting.path)}
            fault={ours.find((fault) => isAbout(fault, setting.path))?.message}
            onText={(text) => onDraft(adjust(draft, withText(connection, setting, text)))}
          />
        ))}
        <button type="button" className="text" onClick={() => onDraft(disconnect(draft, from, to))}>
          Remove<span className="unseen"> the connection to {to}</span>
        </button>
      </details>
      {ours
        .filter((fault) => !shown(fault))
        .map(({ message }) => (
          <p key={message} className="wrong">
            {message}
          </p>
        ))}
    </li>
  );
}

/** What a component calls, with the settings of each connection, and what it could call. */
export function Calls({ draft, name, faults, onDraft }: Props) {
  const called = (draft.spec.connections ?? []).filter((one) => one.from === name);
  const others = componentsOf(draft).filter((one) => refusal(draft, name, one.name) === null);
  return (
    <>
      <h3>Calls</h3>
      <ul className="ed-calls">
        {called.map((connection) => (
          <Call key={connection.to} draft={draft} connection={connection} faults={faults} onDraft={onDraft} />
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
