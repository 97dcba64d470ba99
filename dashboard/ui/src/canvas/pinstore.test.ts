import { expect, it } from "vitest";
import { NO_PINS } from "./pins";
import { keepPins, readPins, type Shelf } from "./pinstore";

function shelf(kept = new Map<string, string>()): Shelf {
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

const closed: Shelf = {
  getItem: () => {
    throw new Error("closed");
  },
  setItem: () => {
    throw new Error("full");
  },
  removeItem: () => {},
};

it("pins are kept for their graph alone, until there are none", () => {
  const kept = new Map<string, string>();
  const pins = new Map([["api", { x: 3, y: -4 }]]);
  keepPins(shelf(kept), "default/shop", pins);
  expect(readPins(shelf(kept), "default/shop")).toEqual(pins);
  expect(readPins(shelf(kept), "other/shop")).toEqual(NO_PINS);
  keepPins(shelf(kept), "default/shop", NO_PINS);
  expect(kept.size).toBe(0);
});

it.each([["not JSON"], ["null"], ["7"], ['{"api":{"x":"1","y":2}}'], ['{"api":null}']])(
  "%s holds no pins",
  (text) => {
    const kept = new Map([["flashcrowd/places/default/shop", text]]);
    expect(readPins(shelf(kept), "default/shop")).toEqual(NO_PINS);
  },
);

it("a shelf that is closed, full or not there is no reason to fail", () => {
  for (const one of [closed, null]) {
    keepPins(one, "default/shop", new Map([["api", { x: 0, y: 0 }]]));
    expect(readPins(one, "default/shop")).toEqual(NO_PINS);
  }
});
