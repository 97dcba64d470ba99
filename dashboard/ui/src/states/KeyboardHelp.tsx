import { useEffect, useRef } from "react";
import { KEYS } from "../scrubber/keys";

/** All keys, opened by "?". */
export function KeyboardHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
      if (event.key !== "?" || typing || event.defaultPrevented) return;
      event.preventDefault();
      if (dialog.current?.open) dialog.current.close();
      else dialog.current?.showModal();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <dialog ref={dialog} className="fc-help" aria-labelledby="fc-help-title">
      <h2 id="fc-help-title">Keys</h2>
      <dl>
        {KEYS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" className="fc-button">
          Close
        </button>
      </form>
    </dialog>
  );
}
