import { describe, expect, it } from "vitest";
import { comparePath, graphPath, NEW_GRAPH, type Route, routeOf, runPath } from "./route";

describe("routeOf", () => {
  it.each<[string, Route]>([
    ["/", { page: "home" }],
    ["/runs/6f1c", { page: "run", id: "6f1c" }],
    ["/runs/6f1c/", { page: "run", id: "6f1c" }],
    [runPath("team-a/shop"), { page: "run", id: "team-a/shop" }],
    [NEW_GRAPH, { page: "graph", id: null }],
    [graphPath("default/new"), { page: "graph", id: "default/new" }],
    [comparePath(["a", "team-a/shop"]), { page: "compare", ids: ["a", "team-a/shop"] }],
    ["/compare", { page: "compare", ids: [] }],
    ["/compare/a/%E0%A4%A", { page: "lost", path: "/compare/a/%E0%A4%A" }],
    ["/graphs", { page: "lost", path: "/graphs" }],
    ["/runs", { page: "lost", path: "/runs" }],
    ["/runs/a/b", { page: "lost", path: "/runs/a/b" }],
    ["/runs/%E0%A4%A", { page: "lost", path: "/runs/%E0%A4%A" }],
  ])("%s", (path, want) => {
    expect(routeOf(path)).toEqual(want);
  });
});
