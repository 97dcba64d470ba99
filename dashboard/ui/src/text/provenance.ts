import type { Column } from "../wire";

// Every number can say where it comes from: measured, declared or derived.

const sources = {
  measured: "measured in the running system",
  declared: "declared in the graph",
  derived: "derived from other numbers",
} as const;

/** Where the numbers of a column come from, in one sentence. */
export function provenance(column: Column): string {
  return `${column.title}: ${sources[column.source]}. ${column.explanation}`;
}

/** The numbers of a run as a whole, by the words that stand beside them. */
export const TOTALS = {
  target: "Target: declared by the traffic of the run, as it is planned for this second.",
  achieved: "Achieved: measured at the generator. Requests that were sent in a second, lately.",
  p95: "p95: measured at the generator. 95 in 100 requests are faster, from the time each was intended for.",
  p99: "p99: measured at the generator. 99 in 100 requests are faster, from the time each was intended for.",
  errors:
    "Errors: measured at the generator. Requests that failed or were dropped, of all that ended lately.",
} as const;

/** The rate beside a link. */
export const LINK_RATE = "Calls in a second on this connection: measured in the running system, lately.";
