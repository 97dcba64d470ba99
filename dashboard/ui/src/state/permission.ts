import type { Link } from "../feed/connection";
import type { Session } from "../wire";
import type { Run } from "./run";

/** What a button does, as the server names it in a session's access. */
export type Action = "create simulations" | "patch simulations" | "create componentgraphs";

/** Whether a button may be pressed; if not, why, in words for its title. */
export type Permission = { allowed: true } | { allowed: false; reason: string };

const YES: Permission = { allowed: true };
const no = (reason: string): Permission => ({ allowed: false, reason });

/**
 * Whether the session may do something. An action that the server did not judge
 * is left to the server, which has the last word anyway.
 */
export function permitted(session: Session | null, action: Action): Permission {
  if (session === null) return no("Still asking what you may do.");
  const access = session.access.find((one) => one.action === action);
  if (access === undefined || access.allowed) return YES;
  return no(access.reason || `You may not ${action} in ${session.namespace}: ask for that verb.`);
}

/** Whether a run that is watched can be changed now. */
export function changeable(session: Session | null, link: Link, run: Run | null): Permission {
  if (run === null) return no("The run is not there yet.");
  if (run.phase.stage === "Deleted") return no("The run was deleted.");
  if (run.phase.finished || run.control.state === "Stopped") return no("The run has ended.");
  if (link.kind === "away") return no("Disconnected: what you change could not be seen to arrive.");
  if (link.kind === "refused") return no("The feed of this run is closed.");
  if (!run.phase.controlPlane.ok) return no("The control plane is unreachable: nothing can be changed now.");
  return permitted(session, "patch simulations");
}
