import type { Difference } from "../state/topology";
import type { Canvas, Node, ScalingDecision, XY } from "../wire";
import { bounds, overlap, type Rect, rectAt } from "./geometry";

/** Where the reader put components, by their ids: the upper left corner of the first box of each. */
export type Pins = ReadonlyMap<string, XY>;

/** Nothing was moved by hand. */
export const NO_PINS: Pins = new Map();

/** Canvas pixels that stay free between a component that gives way and those around it. */
const APART = 34;

function moved(node: Node, to: XY | undefined): Node {
  if (to === undefined) return node;
  const by = { x: to.x - node.position.x, y: to.y - node.position.y };
  const shift = ({ x, y }: XY): XY => ({ x: x + by.x, y: y + by.y });
  return {
    ...node,
    position: to,
    instances: node.instances.map((one) => ({ ...one, position: shift(one.position) })),
  };
}

/** The room that a component takes up with all its replicas. */
function areaOf(node: Node): Rect {
  return bounds([node.position, ...node.instances.map(({ position }) => position)].map((at) => rectAt(at)));
}

/** The place nearest to where a rectangle is, across the flow, at which it covers none of the others. */
function cleared(rect: Rect, others: readonly Rect[], direction: Canvas["direction"]): XY {
  const places = others.flatMap((other): XY[] =>
    direction === "LR"
      ? [
          { x: rect.x, y: other.y - rect.height - APART },
          { x: rect.x, y: other.y + other.height + APART },
        ]
      : [
          { x: other.x - rect.width - APART, y: rect.y },
          { x: other.x + other.width + APART, y: rect.y },
        ],
  );
  const far = ({ x, y }: XY) => Math.abs(x - rect.x) + Math.abs(y - rect.y);
  const free = (at: XY) => !others.some((other) => overlap({ ...rect, ...at }, other));
  return [{ x: rect.x, y: rect.y }, ...places].sort((a, b) => far(a) - far(b)).find(free) ?? rect;
}

/** Where a component goes so that its boxes cover none of the others. */
function wayOut(node: Node, others: readonly Node[], direction: Canvas["direction"]): XY {
  const area = areaOf(node);
  const at = cleared(area, others.map(areaOf), direction);
  return { x: node.position.x + at.x - area.x, y: node.position.y + at.y - area.y };
}

/**
 * The places of all components that do not stand where the layout puts them:
 * the reader's, and those that have to give way to them.
 */
export function displaced(canvas: Canvas, pins: Pins): Pins {
  const fixed = canvas.nodes.flatMap((node) => (pins.has(node.id) ? [moved(node, pins.get(node.id))] : []));
  if (fixed.length === 0) return NO_PINS;
  const all = new Map(fixed.map(({ id, position }) => [id, position]));
  for (const node of canvas.nodes) {
    if (pins.has(node.id) || !fixed.some((other) => overlap(areaOf(node), areaOf(other)))) continue;
    const others = canvas.nodes.flatMap((other) =>
      other.id === node.id ? [] : [moved(other, all.get(other.id))],
    );
    all.set(node.id, wayOut(node, others, canvas.direction));
  }
  return all;
}

/**
 * The pins after a component was put somewhere: there, or beside what is there
 * already. What gave way before stays where it went.
 */
export function put(canvas: Canvas, pins: Pins, component: string, to: XY): Pins {
  const places = new Map(displaced(canvas, pins));
  places.delete(component);
  const node = canvas.nodes.find(({ id }) => id === component);
  if (node === undefined) return pins;
  const others = canvas.nodes.filter(({ id }) => id !== component);
  const around = others.map((other) => moved(other, places.get(other.id)));
  const at = wayOut(moved(node, to), around, canvas.direction);
  return new Map([...pins, ...places, [component, { x: Math.round(at.x), y: Math.round(at.y) }]]);
}

/** What is drawn of a run, as far as it has places. */
export interface Placed {
  canvas: Canvas;
  difference: Difference;
  decisions: readonly ScalingDecision[];
}

/**
 * Everything with places, moved to where it was put. A link loses the route that
 * the layout found for it when one of its ends has moved.
 */
export function arranged({ canvas, difference, decisions }: Placed, places: Pins): Placed {
  if (places.size === 0) return { canvas, difference, decisions };
  const move = (node: Node) => moved(node, places.get(node.id));
  const leave = ({ component, replica }: Difference["leftReplicas"][number]) => {
    const still = move({ ...component, instances: [replica] });
    return { component: move(component), replica: still.instances[0] ?? replica };
  };
  return {
    canvas: {
      ...canvas,
      nodes: canvas.nodes.map(move),
      links: canvas.links.map((link) =>
        places.has(link.from) || places.has(link.to) ? { ...link, route: [] } : link,
      ),
    },
    difference: {
      ...difference,
      leftNodes: difference.leftNodes.map(move),
      leftReplicas: difference.leftReplicas.map(leave),
    },
    decisions: decisions.map((decision) =>
      decision.ghost === null ? decision : { ...decision, ghost: move(decision.ghost) },
    ),
  };
}
