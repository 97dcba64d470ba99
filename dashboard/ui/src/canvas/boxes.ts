import type { Difference } from "../state/topology";
import type { Canvas, Node, ScalingDecision, XY } from "../wire";
import { BOX, bounds, type End, type Rect, rectAt } from "./geometry";

/** Up to so many replicas of a component have a box each. */
export const REPLICAS_SHOWN = 6;
/** Up to so many boxes are drawn in all before replicas fold. */
export const BOXES_SHOWN = 40;

/** What a box stands for at the moment. */
export type BoxState = "live" | "pending" | "ghost" | "leaving";

/** Whether a box stands for something that is there, and so can be put elsewhere. */
export function movable(state: BoxState): boolean {
  return state === "live" || state === "pending";
}

/** One thing to draw. */
export interface Box {
  /** Unique on the canvas: a component and an instance may share a name. */
  key: string;
  /** A frame surrounds the replicas of a component; the others hold numbers. */
  shape: "component" | "replica" | "frame";
  /** Component or instance whose metrics are shown. */
  id: string;
  component: string;
  kind: string;
  /** What is written on it. */
  title: string;
  rect: Rect;
  state: BoxState;
  fresh: boolean;
  replicas: number;
  ready: number;
  /** Replicas are folded into this box and can be shown one by one. */
  folded: boolean;
  /** For a ghost: why it is not there. */
  note: string;
  /** Rule that put the component there, empty for the user. */
  rule: string;
}

/** Everything to draw, in the order of drawing, and where links end. */
export interface Drawing {
  boxes: Box[];
  ends: ReadonlyMap<string, End>;
}

const FRAME_MARGIN = 14;
const GAP = 14;

/** Height of a replica's box: what the layout left between two of them. */
function replicaHeight(places: readonly XY[]): number {
  const ys = places.map((place) => place.y).sort((a, b) => a - b);
  const gaps = ys.slice(1).map((y, i) => y - (ys[i] ?? y));
  const pitch = Math.min(BOX.height + GAP, ...gaps.filter((gap) => gap > 1));
  return Math.max(32, pitch - GAP);
}

/** Components whose replicas are drawn one by one. */
function unfolded(nodes: readonly Node[], expanded: ReadonlySet<string>): ReadonlySet<string> {
  const shown = nodes.filter(
    (node) => node.instances.length > 1 && (node.instances.length <= REPLICAS_SHOWN || expanded.has(node.id)),
  );
  let boxes = nodes.length + shown.reduce((sum, node) => sum + node.instances.length - 1, 0);
  const byName = (a: Node, b: Node) => (a.id < b.id ? -1 : 1);
  const largestFirst = shown.toSorted((a, b) => b.instances.length - a.instances.length || byName(a, b));
  const open = new Set(shown.map((node) => node.id));
  for (const node of largestFirst) {
    if (boxes <= BOXES_SHOWN) break;
    if (expanded.has(node.id)) continue;
    open.delete(node.id);
    boxes -= node.instances.length - 1;
  }
  return open;
}

function componentBox(node: Node, rect: Rect, difference: Difference): Box {
  return {
    key: `component/${node.id}`,
    shape: "component",
    id: node.id,
    component: node.id,
    kind: node.kind,
    title: node.id,
    rect,
    state: node.ready === 0 ? "pending" : "live",
    fresh: difference.fresh.has(node.id),
    replicas: node.replicas,
    ready: node.ready,
    folded: node.instances.length > 1,
    note: "",
    rule: node.origin.rule ?? "",
  };
}

function replicaBoxes(node: Node, difference: Difference): Box[] {
  const height = replicaHeight(node.instances.map((instance) => instance.position));
  return node.instances.map((instance) => ({
    ...componentBox(node, rectAt(instance.position, BOX.width, height), difference),
    key: `replica/${node.id}/${instance.id}`,
    shape: "replica",
    id: instance.id,
    title: instance.id,
    state: instance.ready ? "live" : "pending",
    fresh: difference.fresh.has(instance.id),
    replicas: 1,
    ready: instance.ready ? 1 : 0,
    folded: false,
  }));
}

function frameBox(node: Node, replicas: readonly Box[], difference: Difference): Box {
  const rect = bounds(
    replicas.map((box) => box.rect),
    FRAME_MARGIN,
  );
  return {
    ...componentBox(node, rect, difference),
    key: `frame/${node.id}`,
    shape: "frame",
    folded: false,
    fresh: false,
  };
}

function drawNode(node: Node, open: boolean, difference: Difference): { boxes: Box[]; end: End } {
  if (!open) {
    const at = node.instances.length === 1 ? (node.instances[0]?.position ?? node.position) : node.position;
    const rect = rectAt(at);
    return { boxes: [componentBox(node, rect, difference)], end: { rect, replicas: [] } };
  }
  const replicas = replicaBoxes(node, difference);
  const frame = frameBox(node, replicas, difference);
  return {
    boxes: [frame, ...replicas],
    end: { rect: frame.rect, replicas: replicas.map((box) => box.rect) },
  };
}

/** What a held-back decision would add, if it is not there already. */
function ghostBoxes(decision: ScalingDecision, present: ReadonlyMap<string, Node>, none: Difference): Box[] {
  const ghost = decision.ghost;
  if (ghost === null) return [];
  const note = decision.constraint ?? "held back";
  const draw = (box: Box): Box => ({ ...box, state: "ghost", note, rule: decision.rule, fresh: false });
  const there = present.get(ghost.id);
  if (there === undefined) {
    const box = componentBox(ghost, rectAt(ghost.position), none);
    return [{ ...draw(box), key: `ghost/${ghost.id}`, folded: false }];
  }
  const has = new Set(there.instances.map((instance) => instance.id));
  return replicaBoxes(ghost, none)
    .filter((box) => !has.has(box.id))
    .map((box) => ({ ...draw(box), key: `ghost/${ghost.id}/${box.id}` }));
}

function leavingBoxes(difference: Difference): Box[] {
  const nodes = difference.leftNodes.map((node) => ({
    ...componentBox(node, rectAt(node.position), difference),
    key: `leaving/${node.id}`,
    state: "leaving" as const,
    folded: false,
  }));
  const replicas = difference.leftReplicas.map(({ component, replica }) => ({
    ...componentBox(component, rectAt(replica.position), difference),
    key: `leaving/${component.id}/${replica.id}`,
    shape: "replica" as const,
    id: replica.id,
    title: replica.id,
    state: "leaving" as const,
    folded: false,
    replicas: 1,
    ready: 0,
  }));
  return [...nodes, ...replicas];
}

/** What to draw of a canvas. */
export interface DrawingInput {
  canvas: Canvas;
  /** Compared with a while ago: what is fresh and what has left. */
  difference: Difference;
  decisions: readonly ScalingDecision[];
  /** Components whose replicas the user wants to see. */
  expanded: ReadonlySet<string>;
}

/** In reading order: along the flow, then across; a frame before its replicas. */
function byPlace(direction: Canvas["direction"]): (a: Box, b: Box) => number {
  const main = (box: Box) => (direction === "LR" ? box.rect.x : box.rect.y);
  const cross = (box: Box) => (direction === "LR" ? box.rect.y : box.rect.x);
  const frameFirst = (box: Box) => (box.shape === "frame" ? 0 : 1);
  return (a, b) => main(a) - main(b) || cross(a) - cross(b) || frameFirst(a) - frameFirst(b);
}

/** Decides what is drawn where. Positions are the layout's; nothing is moved. */
export function drawingOf({ canvas, difference, decisions, expanded }: DrawingInput): Drawing {
  const present = new Map(canvas.nodes.map((node) => [node.id, node]));
  const open = unfolded(canvas.nodes, expanded);
  const ends = new Map<string, End>();
  const boxes: Box[] = [];
  for (const node of canvas.nodes) {
    const drawn = drawNode(node, open.has(node.id), difference);
    boxes.push(...drawn.boxes);
    ends.set(node.id, drawn.end);
  }
  const ghosts = new Map<string, Box>();
  for (const decision of decisions) {
    if (!decision.open) continue;
    for (const box of ghostBoxes(decision, present, difference)) {
      ghosts.set(box.key, box);
      if (!present.has(box.component)) ends.set(box.component, { rect: box.rect, replicas: [] });
    }
  }
  return {
    boxes: [...boxes, ...ghosts.values(), ...leavingBoxes(difference)].sort(byPlace(canvas.direction)),
    ends,
  };
}
