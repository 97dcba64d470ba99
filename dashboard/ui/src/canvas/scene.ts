import { createContext, useContext } from "react";
import type { MetricStore } from "../state/metrics";
import type { Column } from "../wire";
import type { Level } from "./fit";
import type { View } from "./geometry";

type Watch = (view: View) => void;

/** What everything on a canvas shares. It is changed in place: nothing is drawn anew for it. */
export class Scene {
  /** When each instance appeared, in milliseconds since 1970. */
  appeared: ReadonlyMap<string, number> = new Map();
  level: Level = "mid";
  #view: View = { x: 0, y: 0, zoom: 1 };
  readonly #watchers = new Set<Watch>();

  constructor(
    readonly metrics: MetricStore,
    /** What the numbers on boxes are, and where they come from. */
    readonly columns: readonly Column[],
  ) {}

  get view(): View {
    return this.#view;
  }

  /** The canvas is looked at from elsewhere. */
  look(view: View): void {
    this.#view = view;
    for (const watch of this.#watchers) watch(view);
  }

  /** Calls watch now and whenever the view changes, until the returned function is called. */
  watch(watch: Watch): () => void {
    this.#watchers.add(watch);
    watch(this.#view);
    return () => this.#watchers.delete(watch);
  }
}

export const SceneContext = createContext<Scene | null>(null);

/** The scene of the canvas around. */
export function useScene(): Scene {
  const scene = useContext(SceneContext);
  if (scene === null) throw new Error("boxes and links stand on a canvas");
  return scene;
}
