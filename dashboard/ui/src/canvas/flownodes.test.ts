import { describe, expect, it } from "vitest";
import type { Box } from "./boxes";
import { flowNodes } from "./flownodes";

const box = (id: string, more: Partial<Box> = {}): Box => ({
  key: `component/${id}`,
  shape: "component",
  id,
  component: id,
  kind: "Cache",
  title: id,
  rect: { x: 10, y: 20, width: 190, height: 92 },
  state: "live",
  fresh: false,
  replicas: 1,
  ready: 1,
  folded: false,
  note: "",
  rule: "",
  ...more,
});

describe("flowNodes", () => {
  it("keep their identity where nothing changed", () => {
    const before = flowNodes([box("a"), box("b")], null, []);
    const after = flowNodes([box("a"), box("b", { ready: 0, state: "pending" }), box("c")], null, before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after.map(({ id }) => id)).toEqual(["component/a", "component/b", "component/c"]);
  });

  it("change for what is selected alone", () => {
    const before = flowNodes([box("a"), box("b")], null, []);
    const after = flowNodes([box("a"), box("b")], "b", before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]?.data.selected).toBe(true);
  });

  it("say what they are and lie where the layout put them", () => {
    const [node] = flowNodes([box("api", { replicas: 9, ready: 7, fresh: true })], null, []);
    expect(node?.ariaLabel).toBe("api, cache, 7 of 9 ready, new");
    expect(node?.position).toEqual({ x: 10, y: 20 });
  });

  it("let nobody tab to a frame", () => {
    const [frame, other] = flowNodes([box("a", { shape: "frame" }), box("b")], null, []);
    expect([frame?.focusable, other?.focusable]).toEqual([false, true]);
  });
});
