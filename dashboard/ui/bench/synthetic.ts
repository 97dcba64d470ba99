import type { Canvas, FeedMessage, FeedTick, MetricColumn, Node } from "../src/wire";
import type { Play } from "./session";

const PITCH_X = 300;
const PITCH_Y = 132;
const COLUMNS: readonly MetricColumn[] = [
  "cpu",
  "memory",
  "requestRate",
  "latencyP95",
  "errorRate",
  "queueDepth",
];
const kinds = ["CDN", "LoadBalancer", "APIServer", "Cache", "Database", "MessageQueue", "Worker"];

function nodeAt(place: number, rows: number): Node {
  const layer = Math.floor(place / rows);
  const position = { x: layer * PITCH_X, y: (place % rows) * PITCH_Y };
  const id = `service-${place}`;
  return {
    id,
    kind: kinds[layer % kinds.length] ?? "APIServer",
    replicas: 1,
    ready: 1,
    position,
    pinned: false,
    origin: {},
    instances: [{ id: `${id}-1`, pod: `shop-${id}-1`, ready: true, position }],
  };
}

/** A grid of so many components, each calling one or two of the next layer: no line passes a box. */
export function gridOf(count: number): Canvas {
  const rows = Math.max(1, Math.round(Math.sqrt(count * (PITCH_X / PITCH_Y) * 0.6)));
  const nodes = Array.from({ length: count }, (_, place) => nodeAt(place, rows));
  const links = nodes.flatMap((node, place) =>
    [place + rows, place + rows + 1]
      .filter((next) => next < count && Math.floor(next / rows) === Math.floor(place / rows) + 1)
      .map((next) => ({
        id: `${node.id}>service-${next}`,
        from: node.id,
        to: `service-${next}`,
        origin: {},
        route: [],
      })),
  );
  return {
    order: 0,
    nodes,
    links,
    ids: [...nodes.map(({ id }) => id), ...nodes.flatMap((node) => node.instances.map(({ id }) => id))],
    linkIds: links.map(({ id }) => id),
    direction: "LR",
  };
}

/** A number from 0 to 1 that follows from its arguments and changes with each. */
function wave(id: number, column: number, tick: number): number {
  return 0.5 + 0.5 * Math.sin(id * 12.9898 + column * 78.233 + tick * 0.7);
}

function tickOf(canvas: Canvas, from: FeedTick, number: number, everyMs: number): FeedTick {
  const scale = [100, 100, 2000, 300, 1.5, 40];
  const values = (column: number) =>
    canvas.ids.map((_, id) => Math.round(wave(id, column, number) * (scale[column] ?? 1) * 100) / 100);
  return {
    ...from,
    t: from.t + number * everyMs,
    order: 0,
    elapsed: (number * everyMs) / 1000,
    cols: Object.fromEntries(COLUMNS.map((name, column) => [name, values(column)])),
    links: canvas.linkIds.map((_, id) => Math.round(wave(id, 9, number) * 2000)),
  };
}

/**
 * A run of so many components in which every value changes with every tick: the
 * worst case of painting. Everything else is as in the recorded session.
 */
export function synthetic(like: Play, count: number, hz: number, seconds: number): Play {
  const topology = gridOf(count);
  const id = `grid-${count}`;
  const everyMs = 1000 / hz;
  const template = like.steps.map(({ message }) => message).find((message) => message.type === "tick");
  if (template === undefined) throw new Error("the session to take after has no tick");
  const first: FeedTick = { ...template, seq: 0, t: like.snapshot.t };
  const steps = Array.from({ length: Math.round(hz * seconds) }, (_, i) => ({
    afterMs: (i + 1) * everyMs,
    message: tickOf(topology, first, i + 1, everyMs) as FeedMessage,
  }));
  const { snapshot } = like;
  return {
    hello: { ...like.hello, tickMs: everyMs, simulation: id },
    snapshot: {
      ...snapshot,
      seq: 0,
      run: { ...snapshot.run, id, name: id, graph: id },
      base: topology,
      log: [],
      topology,
      decisions: [],
      alerts: [],
      findings: [],
      tick: tickOf(topology, first, 0, everyMs),
    },
    steps,
  };
}
