import { capitalise, words } from "../text/format";
import { Calls } from "./Calls";
import { componentsOf, type Draft, type Named, remove, replace } from "./draft";
import { Field } from "./Field";
import { isAbout, type PlacedFault } from "./faults";
import { type Group, type Setting, settingsOf, textAt, withText } from "./settings";

interface Props {
  draft: Draft;
  component: Named;
  faults: readonly PlacedFault[];
  onDraft(draft: Draft): void;
  /** The component goes by another name from now on; null when it is gone. */
  onName(name: string | null): void;
}

const NAME: Setting = { path: "name", title: "Name", kind: "text" };

function Settings({ group, draft, component, faults, onDraft }: Omit<Props, "onName"> & { group: Group }) {
  return (
    <>
      <h3>{group.title}</h3>
      {group.settings.map((setting) => (
        <Field
          key={setting.path}
          setting={setting}
          text={textAt(component, setting.path)}
          fault={faults.find((fault) => isAbout(fault, setting.path))?.message}
          onText={(text) => onDraft(replace(draft, component.name, withText(component, setting, text)))}
        />
      ))}
    </>
  );
}

/** The settings of a component, with what the server says of each. */
export function ComponentForm(props: Props) {
  const { draft, component, faults, onDraft, onName } = props;
  const { name, type } = component;
  const groups = settingsOf(type);
  const own = faults.filter(({ to }) => to === undefined);
  const taken = (text: string) => componentsOf(draft).some((one) => one.name === text);
  const rename = (text: string) => {
    const next = text.trim();
    if (next === "" || taken(next)) return;
    onDraft(replace(draft, name, { ...component, name: next }));
    onName(next);
  };
  const fields = [NAME, ...groups.flatMap(({ settings }) => settings)];
  const elsewhere = own.filter((fault) => !fields.some(({ path }) => isAbout(fault, path)));
  return (
    <form className="ed-form" aria-label={`Settings of ${name}`} onSubmit={(event) => event.preventDefault()}>
      <h2>{capitalise(words(type ?? ""))}</h2>
      {elsewhere.map(({ field, message }) => (
        <p key={`${field}/${message}`} className="wrong">
          {field !== "" && <code>{field}</code>} {message}
        </p>
      ))}
      <Field
        setting={NAME}
        text={name}
        fault={own.find((fault) => isAbout(fault, "name"))?.message}
        onText={rename}
      />
      {groups.map((group) => (
        <Settings key={`${name}/${group.title}`} {...props} faults={own} group={group} />
      ))}
      <Calls draft={draft} name={name} faults={faults} onDraft={onDraft} />
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
