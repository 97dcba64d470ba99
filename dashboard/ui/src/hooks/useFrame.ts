import { useCallback, useSyncExternalStore } from "react";
import type { Frame } from "../state/frame";
import { useDesk } from "./useSimulation";

/**
 * The newest frame, for small views that show a few numbers: they are drawn
 * anew at each tick. What shows many numbers paints from the metrics instead.
 */
export function useFrame(): Frame {
  const { metrics } = useDesk().page;
  const subscribe = useCallback((changed: () => void) => metrics.subscribe(changed), [metrics]);
  return useSyncExternalStore(
    subscribe,
    () => metrics.frame,
    () => metrics.frame,
  );
}
