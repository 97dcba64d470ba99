import { type KeyboardEvent, useId } from "react";
import type { Setting } from "./settings";

interface Props {
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

/** Some of a few words: none ticked means that nothing is said, which is all. */
function Words({ setting: { title, choices = [] }, text, onText }: Omit<Props, "fault">) {
  const ticked = new Set(text === "" ? [] : text.split(","));
  const toggle = (word: string) =>
    onText(choices.filter((one) => (one === word) !== ticked.has(one)).join(","));
  return (
    <fieldset className="ed-words">
      <legend>{title}</legend>
      {choices.map((word) => (
        <label key={word}>
          <input type="checkbox" checked={ticked.has(word)} onChange={() => toggle(word)} />
          {word}
        </label>
      ))}
    </fieldset>
  );
}

function Control({ id, setting, text, fault, onText }: Props & { id: string }) {
  const { kind, choices = [], unit, example } = setting;
  const told = fault === undefined ? {} : { "aria-invalid": true, "aria-describedby": `${id}-fault` };
  if (kind === "choice") {
    return (
      <select id={id} value={text} onChange={(event) => onText(event.target.value)} {...told}>
        <option value="">default</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  return (
    <span className="ed-input">
      <input
        key={text}
        id={id}
        inputMode={kind === "number" ? "numeric" : "text"}
        autoComplete="off"
        defaultValue={text}
        placeholder={example ?? "default"}
        {...commits(text, onText)}
        {...told}
      />
      {unit !== undefined && <small>{unit}</small>}
    </span>
  );
}

/** One setting, with what the server says of it. */
export function Field(props: Props) {
  const id = useId();
  const { setting, fault } = props;
  return (
    <div className="ed-field">
      {setting.kind === "set" ? (
        <Words {...props} />
      ) : (
        <>
          <label htmlFor={id}>{setting.title}</label>
          <Control id={id} {...props} />
        </>
      )}
      {fault !== undefined && (
        <p className="wrong" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}
