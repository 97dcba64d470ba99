import type { ValidationFault } from "../wire";
import type { Draft } from "./draft";

/** What is wrong with a draft, by what it is about. */
export interface Faults {
  /** By the name of the component. */
  components: ReadonlyMap<string, readonly ValidationFault[]>;
  /** What is about the whole or about what has no name. */
  rest: readonly ValidationFault[];
}

export const NO_FAULTS: Faults = { components: new Map(), rest: [] };

const PATH = /^(?:spec\.)?(components|connections)\[(\d+)\]\.?(.*)$/;

/** The component that a fault is about, and the path within; a connection is about who calls. */
function subjectOf(draft: Draft, fault: ValidationFault): { name: string; fault: ValidationFault } | null {
  const [, list, index, field = ""] = PATH.exec(fault.field) ?? [];
  if (list === "components") {
    const name = draft.spec.components?.[Number(index)]?.name;
    return name ? { name, fault: { ...fault, field } } : null;
  }
  if (list !== "connections") return null;
  const connection = draft.spec.connections?.[Number(index)];
  if (connection?.from === undefined) return null;
  return { name: connection.from, fault: { ...fault, field: `to ${connection.to}` } };
}

/** Sorts the server's faults to the components that they are about. */
export function sortFaults(draft: Draft, faults: readonly ValidationFault[]): Faults {
  const components = new Map<string, ValidationFault[]>();
  const rest: ValidationFault[] = [];
  for (const fault of faults) {
    const subject = subjectOf(draft, fault);
    if (subject === null) rest.push(fault);
    else components.set(subject.name, [...(components.get(subject.name) ?? []), subject.fault]);
  }
  return { components, rest };
}
