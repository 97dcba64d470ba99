interface Props<T extends string> {
  /** Groups the choices; unique on the page. */
  name: string;
  label: string;
  choices: readonly { tab: T; name: string; count?: number }[];
  chosen: T;
  onChoose: (tab: T) => void;
}

/** One of a few, as a row of tabs. Radio buttons, so that arrows move and one stop by Tab is enough. */
export function Choice<T extends string>({ name, label, choices, chosen, onChoose }: Props<T>) {
  return (
    <fieldset className="fc-tabs">
      <legend className="unseen">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.tab}>
          <input
            type="radio"
            name={name}
            checked={choice.tab === chosen}
            onChange={() => onChoose(choice.tab)}
          />
          {choice.name}
          {choice.count !== undefined && <small>{choice.count}</small>}
        </label>
      ))}
    </fieldset>
  );
}
