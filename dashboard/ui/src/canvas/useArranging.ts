import type { OnNodeDrag } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { advance, begin, type History, undo } from "../editor/history";
import type { Run } from "../state/run";
import type { XY } from "../wire";
import type { BoxFlowNode } from "./BoxNode";
import { type Box, movable } from "./boxes";
import { displaced, NO_PINS, type Pins, put } from "./pins";
import { browserShelf, keepPins, readPins } from "./pinstore";

/** Canvas pixels that a key moves a box by. */
const STEP = 24;

const steps: Readonly<Record<string, XY>> = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP },
  ArrowDown: { x: 0, y: STEP },
};

/** Boxes that the reader moves: they stay where they were put, over changes and visits. */
export interface Arranging {
  /** Every component that stands elsewhere than the layout puts it. */
  places: Pins;
  /** Something was moved by hand. */
  touched: boolean;
  /** The last move or tidying can be taken back. */
  undoable: boolean;
  /** Moves the component of a box by a key; tells whether the key means that. */
  nudge(box: Box, key: string): boolean;
  /** Puts everything back where the layout has it. */
  tidy(): void;
  undo(): void;
  onDragStart: OnNodeDrag<BoxFlowNode>;
  onDrag: OnNodeDrag<BoxFlowNode>;
  onDragStop: OnNodeDrag<BoxFlowNode>;
}

/** The pins of a graph with those before them; the browser keeps the newest. */
function usePins(graph: string) {
  const [history, setHistory] = useState<History<Pins>>(() => begin(readPins(browserShelf(), graph)));
  const pins = history.now;
  const kept = useRef(pins);
  useEffect(() => {
    if (kept.current === pins) return;
    kept.current = pins;
    keepPins(browserShelf(), graph, pins);
  }, [graph, pins]);
  const change = useCallback(
    (next: (pins: Pins) => Pins) => setHistory((was) => advance(was, next(was.now))),
    [],
  );
  const back = useCallback(() => setHistory(undo), []);
  return { pins, change, back, undoable: history.past.length > 0 };
}

/** A component in the hand: where it was, and where its box was when it was taken. */
interface Grip {
  component: string;
  at: XY;
  box: XY;
}

/** Lets the reader move the boxes of a run's canvas. */
export function useArranging({ summary, topology }: Run): Arranging {
  const { pins, change, back, undoable } = usePins(`${summary.namespace}/${summary.graph}`);
  const resting = useMemo(() => displaced(topology, pins), [topology, pins]);
  const [held, setHeld] = useState<{ component: string; to: XY } | null>(null);
  const grip = useRef<Grip | null>(null);

  const placeOf = (component: string) =>
    resting.get(component) ?? topology.nodes.find(({ id }) => id === component)?.position ?? { x: 0, y: 0 };
  const places = useMemo(
    () => (held === null ? resting : new Map([...resting, [held.component, held.to]])),
    [resting, held],
  );
  const target = (node: BoxFlowNode): { component: string; to: XY } | null => {
    if (grip.current === null) return null;
    const { component, at, box } = grip.current;
    return { component, to: { x: at.x + node.position.x - box.x, y: at.y + node.position.y - box.y } };
  };
  return {
    places,
    touched: pins.size > 0,
    undoable,
    nudge({ component, state }, key) {
      const by = steps[key];
      if (by === undefined) return false;
      const { x, y } = placeOf(component);
      if (movable(state)) change((now) => put(topology, now, component, { x: x + by.x, y: y + by.y }));
      return true;
    },
    tidy: () => change((now) => (now.size === 0 ? now : NO_PINS)),
    undo: back,
    onDragStart: (_, { data: { box }, position }) => {
      grip.current = { component: box.component, at: placeOf(box.component), box: position };
    },
    onDrag: (_, node) => setHeld(target(node)),
    onDragStop: (_, node) => {
      const end = target(node);
      grip.current = null;
      setHeld(null);
      if (end !== null) change((now) => put(topology, now, end.component, end.to));
    },
  };
}
