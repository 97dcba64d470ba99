import type { Canvas, CanvasChange, Node, NodeReplica } from "../wire";

function replaceById<T extends { id: string }>(have: T[], changed: T[], removed: string[]): T[] {
  const news = new Map(changed.map((item) => [item.id, item]));
  const gone = new Set(removed);
  const kept = have.filter((item) => !gone.has(item.id)).map((item) => news.get(item.id) ?? item);
  const known = new Set(have.map((item) => item.id));
  return [...kept, ...changed.filter((item) => !known.has(item.id))];
}

/** The canvas after a change. Nodes and links that did not change keep their identity. */
export function applyChange(canvas: Canvas, change: CanvasChange): Canvas {
  return {
    ...canvas,
    order: change.seq,
    nodes: replaceById(canvas.nodes, change.nodes, change.removedNodes),
    links: replaceById(canvas.links, change.links, change.removedLinks),
    ids: change.ids,
    linkIds: change.linkIds,
  };
}

/** The canvas as it was at a time in milliseconds since 1970. */
export function canvasAt(base: Canvas, log: CanvasChange[], at: number): Canvas {
  let canvas = base;
  for (const change of log) {
    if (change.t > at) break;
    canvas = applyChange(canvas, change);
  }
  return canvas;
}

/** What came and went between two canvases. */
export interface Difference {
  /** Ids of components and instances that are there now and were not. */
  fresh: ReadonlySet<string>;
  /** Components that are gone, with all that they had. */
  leftNodes: Node[];
  /** Instances that are gone from components that are still there. */
  leftReplicas: { component: Node; replica: NodeReplica }[];
}

/** Compares two canvases of one run. */
export function difference(before: Canvas, now: Canvas): Difference {
  const fresh = new Set<string>();
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const present = new Map(now.nodes.map((node) => [node.id, node]));
  for (const node of now.nodes) {
    const was = old.get(node.id);
    if (was === undefined) fresh.add(node.id);
    const had = new Set(was?.instances.map((instance) => instance.id));
    for (const instance of node.instances) if (!had.has(instance.id)) fresh.add(instance.id);
  }
  const leftReplicas = before.nodes.flatMap((node) => {
    const still = present.get(node.id);
    if (still === undefined) return [];
    const has = new Set(still.instances.map((instance) => instance.id));
    return node.instances
      .filter((replica) => !has.has(replica.id))
      .map((replica) => ({ component: still, replica }));
  });
  return { fresh, leftNodes: before.nodes.filter((node) => !present.has(node.id)), leftReplicas };
}

/** When each instance that is not ready yet appeared, in milliseconds since 1970. */
export function appearances(log: CanvasChange[], at: number): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  for (const change of log) {
    if (change.t > at) break;
    for (const node of change.nodes) {
      for (const instance of node.instances) if (!seen.has(instance.id)) seen.set(instance.id, change.t);
    }
  }
  return seen;
}
