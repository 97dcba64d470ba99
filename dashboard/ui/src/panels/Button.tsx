import type { ReactNode } from "react";
import type { Permission } from "../state/permission";

interface Props {
  permission: Permission;
  onPress: () => void;
  children: ReactNode;
  /** Name for people who do not see the button, if its text is not enough. */
  name?: string;
  tone?: "primary" | "danger";
  pressed?: boolean;
}

/**
 * A button that says why it may not be pressed. It stays in the tab order, so
 * that the reason can be read by keyboard and screen reader.
 */
export function Button({ permission, onPress, children, name, tone, pressed }: Props) {
  const reason = permission.allowed ? undefined : permission.reason;
  return (
    <button
      type="button"
      className={`fc-button${tone === undefined ? "" : ` fc-button-${tone}`}`}
      aria-disabled={reason === undefined ? undefined : true}
      aria-label={name === undefined ? undefined : reason === undefined ? name : `${name}. ${reason}`}
      aria-pressed={pressed}
      title={reason ?? name}
      onClick={() => reason === undefined && onPress()}
    >
      {children}
      {reason !== undefined && name === undefined && <span className="unseen">. {reason}</span>}
    </button>
  );
}
