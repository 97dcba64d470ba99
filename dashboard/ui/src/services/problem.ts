/** A problem as the server tells it (RFC 9457), as far as the page reads it. */
interface ProblemDocument {
  title?: string;
  detail?: string;
  errors?: { location?: string; message?: string }[];
}

/** A request that was refused or never arrived, in words for people. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** Status of the answer; 0 when there was none. */
    readonly status: number,
    message: string,
    /** What is wrong with which field. */
    readonly faults: readonly { field: string; message: string }[] = [],
  ) {
    super(message);
  }
}

const fallbacks: ReadonlyMap<number, string> = new Map([
  [401, "Your session has ended. Open the dashboard again by the link that was printed when it started."],
  [403, "You are not allowed to do this."],
  [404, "It is not there any more."],
  [409, "Somebody else changed it meanwhile. Look at what is there now and try again."],
  [429, "Too many requests. Wait a moment and try again."],
  [503, "The control plane is unreachable. What runs keeps running; try again in a moment."],
]);

function documentOf(body: string): ProblemDocument {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** The problem that an answer tells; its own words first, then ours for the status. */
export function problemOf(status: number, body: string): Problem {
  const { title, detail, errors } = documentOf(body);
  const faults = (errors ?? []).map(({ location, message }) => ({
    field: (location ?? "").replace(/^body\.?/, ""),
    message: message ?? "is not valid",
  }));
  const message = detail || fallbacks.get(status) || title || `The server answered ${status}.`;
  return new Problem(status, message, faults);
}

/** The problem of a request that got no answer. */
export function unreachable(): Problem {
  return new Problem(0, "The dashboard's server does not answer. Is it still running?");
}

/** Any error in one or more lines for people. */
export function linesOf(error: unknown): string[] {
  if (!(error instanceof Problem)) return [error instanceof Error ? error.message : String(error)];
  return [
    error.message,
    ...error.faults.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)),
  ];
}
