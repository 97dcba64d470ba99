import { createContext, useContext } from "react";
import type { MetricStore } from "../state/metrics";
import type { Column } from "../wire";
import type { Level } from "./fit";
import type { View } from "./geometry";

/** What everything on a canvas shares. It is changed in place: nothing is drawn anew for it. */
export interface Scene {
  readonly metrics: MetricStore;
  /** What the numbers on boxes are, and where they come from. */
  readonly columns: readonly Column[];
  /** When each instance appeared, in milliseconds since 1970. */
  appeared: ReadonlyMap<string, number>;
  view: View;
  level: Level;
}

export const SceneContext = createContext<Scene | null>(null);

/** The scene of the canvas around. */
export function useScene(): Scene {
  const scene = useContext(SceneContext);
  if (scene === null) throw new Error("boxes and links stand on a canvas");
  return scene;
}
