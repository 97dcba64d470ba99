import { describe, expect, it } from "vitest";
import type { api } from "../wire";
import {
  add,
  adjust,
  bodyOf,
  componentOf,
  componentsOf,
  connect,
  type Draft,
  disconnect,
  draftOfYaml,
  drop,
  emptyDraft,
  entriesOf,
  move,
  placeOf,
  refusal,
  remove,
  replace,
  tidy,
} from "./draft";

/** The three tiers, each added after the one before. */
function threeTiers(): Draft {
  let draft = emptyDraft("default");
  let after: string | null = null;
  for (const type of ["LoadBalancer", "APIServer", "Database"] as const) {
    const added = add(draft, type, after);
    draft = added.draft;
    after = added.name;
  }
  return draft;
}

const places = (draft: Draft) =>
  componentsOf(draft).map((one) => ({ name: one.name, ...placeOf(draft, one) }));
const links = (draft: Draft) => (draft.spec.connections ?? []).map(({ from, to }) => `${from}>${to}`);

describe("adding", () => {
  it("names by the type, connects, and stands behind the caller", () => {
    const draft = threeTiers();
    expect(links(draft)).toEqual(["load-balancer>api-server", "api-server>database"]);
    expect(places(draft).map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [300, 0],
      [600, 0],
    ]);
  });

  it("takes the next name and the next free place", () => {
    const { draft, name } = add(threeTiers(), "APIServer", "load-balancer");
    expect(name).toBe("api-server-2");
    expect(places(draft).at(-1)).toEqual({ name, x: 300, y: 132 });
  });

  it("never puts one box on another", () => {
    let draft = emptyDraft("");
    const types: api.ComponentType[] = ["CDN", "Cache", "MessageQueue", "Worker"];
    for (let i = 0; i < 40; i++) {
      const names = componentsOf(draft).map((one) => one.name);
      draft = add(draft, types[i % 4] ?? "CDN", names[(i * 7) % Math.max(1, names.length)] ?? null).draft;
    }
    const all = places(draft);
    for (const a of all) {
      const hidden = all.filter((b) => a !== b && Math.abs(a.x - b.x) < 190 && Math.abs(a.y - b.y) < 92);
      expect(hidden).toEqual([]);
    }
  });
});

describe("changing", () => {
  it("takes a new name over wherever the old one stood", () => {
    const replica: Draft = add(threeTiers(), "Database", "api-server").draft;
    const read = componentOf(replica, "database-2");
    if (read === undefined) throw new Error("the second database is missing");
    const known = replace(replica, "database-2", { ...read, database: { replicaOf: "database" } });
    const renamed = replace(known, "database", { name: "orders", type: "Database" });
    expect(links(renamed)).toContain("api-server>orders");
    expect(componentOf(renamed, "database-2")?.database?.replicaOf).toBe("orders");
    expect(places(renamed).find(({ name }) => name === "orders")?.x).toBe(600);
  });

  it("removes a component with its connections", () => {
    expect(links(remove(threeTiers(), "api-server"))).toEqual([]);
  });

  it("connects what can be, and says why not", () => {
    const draft = threeTiers();
    expect(refusal(draft, "database", "database")).toMatch(/cannot call itself/);
    expect(connect(draft, "api-server", "database")).toBe(draft);
    const more = connect(draft, "load-balancer", "database");
    expect(links(more)).toHaveLength(3);
    expect(links(disconnect(more, "load-balancer", "database"))).toEqual(links(draft));
  });
});

describe("connections", () => {
  it("keep their ends when adjusted", () => {
    const adjusted = adjust(threeTiers(), { from: "api-server", to: "database", calls: 3 });
    expect(adjusted.spec.connections).toEqual([
      { from: "load-balancer", to: "api-server" },
      { from: "api-server", to: "database", calls: 3 },
    ]);
  });

  it("leave the entry to whom nobody calls, feeds or pulls for", () => {
    let draft = add(threeTiers(), "Worker", null).draft;
    const read = add(draft, "Database", null);
    draft = replace(read.draft, read.name, {
      name: read.name,
      type: "Database",
      database: { replicaOf: "database" },
    });
    expect([...entriesOf(draft)]).toEqual(["load-balancer"]);
    expect([...entriesOf(add(draft, "CDN", null).draft)]).toEqual(["load-balancer", "cdn"]);
  });
});

describe("places", () => {
  it("that the user chose go into the spec, others do not", () => {
    const moved = move(threeTiers(), "database", { x: 640.4, y: -20.6 });
    expect(componentOf(moved, "database")?.position).toEqual({ x: 640, y: -21 });
    expect(componentOf(moved, "api-server")?.position).toBeUndefined();
    expect(places(moved).slice(0, 2)).toEqual(places(threeTiers()).slice(0, 2));
    expect(move(moved, "database", { x: 640, y: -21 })).toBe(moved);
  });

  it("are where a component was dropped", () => {
    const { draft, name } = drop(threeTiers(), "Cache", { x: 610.2, y: 200 });
    expect(componentOf(draft, name)).toEqual({ name: "cache", type: "Cache", position: { x: 610, y: 200 } });
    expect(links(draft)).toEqual(links(threeTiers()));
  });

  it("are layers after tidying, without pins", () => {
    const tidied = tidy(move(threeTiers(), "load-balancer", { x: 900, y: 900 }));
    expect(places(tidied)).toEqual(places(threeTiers()));
    expect(componentsOf(tidied).every(({ position }) => position === undefined)).toBe(true);
  });

  it("end in a circle too", () => {
    const circle = connect(threeTiers(), "database", "load-balancer");
    expect(componentsOf(tidy(circle))).toHaveLength(3);
  });

  it("stay when YAML is pasted over a drawing", () => {
    const before = threeTiers();
    const pasted = draftOfYaml({ name: "shop", spec: before.spec }, before);
    expect(places(pasted)).toEqual(places(before));
    expect(pasted.namespace).toBe("default");
  });
});

it("the server is given the version that the draft began from", () => {
  const draft = threeTiers();
  expect(bodyOf(draft, "41")).toMatchObject({
    namespace: "default",
    name: "my-architecture",
    resourceVersion: "41",
  });
  expect(bodyOf({ ...draft, namespace: "" }, null)).toEqual({ name: draft.name, spec: draft.spec });
});
