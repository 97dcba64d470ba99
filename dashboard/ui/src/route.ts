/** The address of a graph that is to be drawn. No id of a graph is that short. */
export const NEW_GRAPH = "/graphs/new";

/** Where the reader is. */
export type Route =
  | { page: "home" }
  | { page: "run"; id: string }
  | { page: "graph"; id: string | null }
  | { page: "compare"; ids: readonly string[] }
  | { page: "lost"; path: string };

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The route of a path of the page's address. */
export function routeOf(path: string): Route {
  const [first, ...rest] = path.split("/").filter((part) => part !== "");
  if (first === undefined) return { page: "home" };
  const name = rest.length === 1 ? decoded(rest[0] ?? "") : null;
  if (name !== null && first === "runs") return { page: "run", id: name };
  if (name !== null && first === "graphs") return { page: "graph", id: path === NEW_GRAPH ? null : name };
  if (first === "compare") {
    const ids = rest.map(decoded);
    if (ids.every((id) => id !== null)) return { page: "compare", ids };
  }
  return { page: "lost", path };
}

/** The address of a graph by its UID or namespace/name. */
export function graphPath(id: string): string {
  return `/graphs/${encodeURIComponent(id)}`;
}

/** The address of a run. */
export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

/** The address of runs side by side, the first of which the others are held against. */
export function comparePath(ids: readonly string[]): string {
  return ["/compare", ...ids.map(encodeURIComponent)].join("/");
}
