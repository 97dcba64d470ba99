import { expect, it } from "vitest";
import { advance, begin, redo, undo } from "./history";

it("takes back and does again", () => {
  const three = ["b", "c"].reduce(advance, begin("a"));
  const back = undo(undo(three));
  expect([back.now, redo(back).now, redo(redo(redo(back))).now]).toEqual(["a", "b", "c"]);
  expect(undo(back)).toBe(back);
});

it("forgets what was taken back when something else is done", () => {
  const other = advance(undo(["b", "c"].reduce(advance, begin("a"))), "d");
  expect(redo(other)).toBe(other);
  expect(undo(other).now).toBe("b");
});

it("makes no step of what changes nothing, and keeps the last 200", () => {
  const start = begin(0);
  expect(advance(start, 0)).toBe(start);
  let history = start;
  for (let step = 1; step <= 300; step++) history = advance(history, step);
  for (let step = 0; step < 400; step++) history = undo(history);
  expect(history.now).toBe(100);
});
