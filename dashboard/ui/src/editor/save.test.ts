import { describe, expect, it } from "vitest";
import { Problem } from "../services/problem";
import type { api, Graph, GraphDraft } from "../wire";
import { add, emptyDraft } from "./draft";
import { save } from "./save";

const { draft } = add(emptyDraft("default"), "Database", null);

/** A server with one graph, whose status is written before each of the first saves. */
class Shelf {
  version = 1;
  saves = 0;
  spec: api.ComponentGraphSpec = { components: [] };

  constructor(private writes: number) {}

  get now(): Graph {
    const summary = {
      id: "uid",
      namespace: "default",
      name: "shop",
      components: 0,
      heldBy: "",
      accepted: true,
      message: "",
      createdAt: 0,
    };
    const canvas = { order: 0, nodes: [], links: [], ids: [], linkIds: [], direction: "LR" as const };
    return { summary, resourceVersion: String(this.version), spec: this.spec, canvas, yaml: "" };
  }

  graph = async () => this.now;

  createGraph = async (body: GraphDraft) => {
    this.spec = body.spec;
    return this.now;
  };

  saveGraph = async (_: string, { spec, resourceVersion }: GraphDraft) => {
    this.saves++;
    if (this.writes-- > 0) this.version++;
    if (resourceVersion !== String(this.version)) throw new Problem(409, "the object has been modified");
    this.spec = spec;
    return this.now;
  };
}

describe("saving", () => {
  it("makes what is new", async () => {
    expect((await save(new Shelf(0), draft, null)).spec).toEqual(draft.spec);
  });

  it("is not kept from it by the status of the graph", async () => {
    const shelf = new Shelf(2);
    expect((await save(shelf, draft, shelf.now)).spec).toEqual(draft.spec);
    expect(shelf.saves).toBe(3);
  });

  it("does not go over what somebody else drew", async () => {
    const shelf = new Shelf(1);
    const base = shelf.now;
    shelf.spec = { components: [{ name: "theirs", type: "CDN" }] };
    await expect(save(shelf, draft, base)).rejects.toThrow(/Somebody else/);
    expect(shelf.spec.components?.[0]?.name).toBe("theirs");
  });

  it("gives up in the end", async () => {
    const shelf = new Shelf(99);
    await expect(save(shelf, draft, shelf.now)).rejects.toThrow("modified");
  });

  it("tells what else is wrong at once", async () => {
    const shelf = new Shelf(0);
    shelf.saveGraph = async () => {
      throw new Problem(403, "no");
    };
    await expect(save(shelf, draft, shelf.now)).rejects.toThrow("no");
  });
});
