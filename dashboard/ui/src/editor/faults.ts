import type { ValidationFault } from "../wire";
import type { Draft } from "./draft";

/** What is wrong with one thing that is drawn. */
export interface PlacedFault {
  /** The path in the component, or in its connection. */
  field: string;
  /** The component at the other end, when it is about a connection. */
  to?: string;
  message: string;
}

/** What is wrong with a draft, by what it is about. */
export interface Faults {
  /** By the name of the component; what is about a connection stands with who calls. */
  components: ReadonlyMap<string, readonly PlacedFault[]>;
  /** What is about the whole or about what has no name. */
  rest: readonly ValidationFault[];
}

export const NO_FAULTS: Faults = { components: new Map(), rest: [] };

const PATH = /^(?:spec\.)?(components|connections)\[(\d+)\]\.?(.*)$/;

/** What to write instead, without what the field shows already: the value, and where it is. */
export function plain({ field, message }: ValidationFault): string {
  const told = message.replace(/^Invalid value: (?:"(?:[^"\\]|\\.)*"|[^\s:"]+): /, "");
  const at = `${field} in body `;
  return told.startsWith(at) ? told.slice(at.length) : told;
}

/** The component that a fault is about, and where in it; null when it is about none. */
function subjectOf(draft: Draft, fault: ValidationFault): [string, PlacedFault] | null {
  const { field } = fault;
  const message = plain(fault);
  const [, list, index, within = ""] = PATH.exec(field) ?? [];
  if (list === "components") {
    const name = draft.spec.components?.[Number(index)]?.name;
    return name ? [name, { field: within, message }] : null;
  }
  if (list !== "connections") return null;
  const { from, to } = draft.spec.connections?.[Number(index)] ?? {};
  return from === undefined || to === undefined ? null : [from, { field: within, to, message }];
}

/** Sorts the server's faults to the components that they are about. */
export function sortFaults(draft: Draft, faults: readonly ValidationFault[]): Faults {
  const components = new Map<string, PlacedFault[]>();
  const rest: ValidationFault[] = [];
  for (const fault of faults) {
    const [name, placed] = subjectOf(draft, fault) ?? [];
    if (name === undefined || placed === undefined) rest.push({ ...fault, message: plain(fault) });
    else components.set(name, [...(components.get(name) ?? []), placed]);
  }
  return { components, rest };
}

/** Whether a fault is about a setting, or about something in it. */
export function isAbout(fault: PlacedFault, path: string): boolean {
  return fault.field === path || fault.field.startsWith(`${path}.`) || fault.field.startsWith(`${path}[`);
}
