import { describe, expect, it } from "vitest";
import { type Cursor, LIVE } from "./cursor";
import { belongs, type Key, moveOf } from "./keys";

const key = (name: string, more: Partial<Key> = {}): Key => ({
  key: name,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});
const at: Cursor = { kind: "at", second: 50, playing: false, speed: 1 };
const press = (one: Key) => moveOf(one)?.(at, { end: 100, growing: true }, [20, 60]);

describe("keys", () => {
  it.each([
    ["ArrowLeft", false, 49],
    ["ArrowRight", false, 51],
    ["ArrowLeft", true, 20],
    ["ArrowRight", true, 60],
  ])("%s with shift %s goes to second %s", (name, shiftKey, second) => {
    expect(press(key(name, { shiftKey }))).toMatchObject({ second });
  });

  it("play, and go live", () => {
    expect(press(key(" "))).toMatchObject({ playing: true });
    expect(press(key("l"))).toBe(LIVE);
  });

  it("leave the browser's own alone", () => {
    expect(moveOf(key("ArrowLeft", { altKey: true }))).toBeNull();
    expect(moveOf(key("l", { ctrlKey: true }))).toBeNull();
    expect(moveOf(key("x"))).toBeNull();
  });

  it.each([
    ["ArrowLeft", [], false],
    ["ArrowLeft", ["input, select, textarea, dialog, [contenteditable]"], true],
    ["ArrowLeft", ["[data-time]", "input, select, textarea, dialog, [contenteditable]"], false],
    [" ", ["button, [role=button], summary, a"], true],
    ["l", ["button, [role=button], summary, a"], false],
  ])("%j inside %j belongs to it: %s", (name, around, want) => {
    expect(belongs(name, (selector) => around.includes(selector))).toBe(want);
  });
});
