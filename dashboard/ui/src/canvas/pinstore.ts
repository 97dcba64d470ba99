import type { XY } from "../wire";
import { NO_PINS, type Pins } from "./pins";

/** What a browser keeps between visits, as far as it is used here. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const keyOf = (graph: string) => `flashcrowd/places/${graph}`;

/** The browser's own, or null where it keeps nothing: a page from a file, or one that may not. */
export function browserShelf(): Shelf | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function isPlace(value: unknown): value is XY {
  const { x, y } = (value ?? {}) as Partial<XY>;
  return Number.isFinite(x) && Number.isFinite(y);
}

/** The pins of a graph, by namespace/name. What cannot be read counts as none. */
export function readPins(shelf: Shelf | null, graph: string): Pins {
  try {
    const kept: unknown = JSON.parse(shelf?.getItem(keyOf(graph)) ?? "{}");
    return new Map(
      Object.entries(kept as Record<string, unknown>).filter(([, at]) => isPlace(at)) as [string, XY][],
    );
  } catch {
    return NO_PINS;
  }
}

/** Keeps the pins of a graph for the next visit. A full or closed shelf is no reason to fail. */
export function keepPins(shelf: Shelf | null, graph: string, pins: Pins): void {
  try {
    if (pins.size === 0) shelf?.removeItem(keyOf(graph));
    else shelf?.setItem(keyOf(graph), JSON.stringify(Object.fromEntries(pins)));
  } catch {
    // They hold until the page is left.
  }
}
