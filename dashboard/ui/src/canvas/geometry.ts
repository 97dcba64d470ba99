import type { XY } from "../wire";

/** Size of a box, in canvas pixels. The layout in Go reserves this much. */
export const BOX = { width: 190, height: 92 } as const;

/** A rectangle by its upper left corner. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the canvas is looked at from. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** The rectangle of a box by its upper left corner, as the layout gives it. */
export function rectAt(corner: XY, width: number = BOX.width, height: number = BOX.height): Rect {
  return { x: corner.x, y: corner.y, width, height };
}

/** The smallest rectangle around all, grown by a margin on each side. */
export function bounds(rects: readonly Rect[], margin = 0): Rect {
  if (rects.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const left = Math.min(...rects.map((r) => r.x)) - margin;
  const top = Math.min(...rects.map((r) => r.y)) - margin;
  const right = Math.max(...rects.map((r) => r.x + r.width)) + margin;
  const bottom = Math.max(...rects.map((r) => r.y + r.height)) + margin;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function middleOf(rect: Rect): XY {
  return { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

type Side = "left" | "right" | "top" | "bottom";

function anchor(rect: Rect, side: Side): XY {
  const middle = middleOf(rect);
  switch (side) {
    case "left":
      return { x: rect.x, y: middle.y };
    case "right":
      return { x: rect.x + rect.width, y: middle.y };
    case "top":
      return { x: middle.x, y: rect.y };
    case "bottom":
      return { x: middle.x, y: rect.y + rect.height };
  }
}

/** The side of a rectangle that looks at a point: sideways if the point is beside it. */
function sideTowards(rect: Rect, point: XY): Side {
  const middle = middleOf(rect);
  const beside = Math.abs(point.x - middle.x) - rect.width / 2;
  const beyond = Math.abs(point.y - middle.y) - rect.height / 2;
  if (beside >= beyond) return point.x < middle.x ? "left" : "right";
  return point.y < middle.y ? "top" : "bottom";
}

/** A cubic curve from a point to another. */
export interface Curve {
  from: XY;
  c1: XY;
  c2: XY;
  to: XY;
}

function along(side: Side): "x" | "y" {
  return side === "left" || side === "right" ? "x" : "y";
}

/** A curve whose ends run along an axis each. */
function bend(from: XY, to: XY, start: "x" | "y", end: "x" | "y"): Curve {
  const dx = (to.x - from.x) / 2;
  const dy = (to.y - from.y) / 2;
  const c1 = start === "x" ? { x: from.x + dx, y: from.y } : { x: from.x, y: from.y + dy };
  const c2 = end === "x" ? { x: to.x - dx, y: to.y } : { x: to.x, y: to.y - dy };
  return { from, c1, c2, to };
}

/** The way of a link: a trunk between two components, and branches to their replicas. */
export interface Way {
  trunk: Curve[];
  /** From each replica of the source to the trunk; empty for a single box. */
  sources: Curve[];
  /** From the trunk to each replica of the target; empty for a single box. */
  targets: Curve[];
}

/** One end of a link: the place of the component and the boxes of its replicas, if shown. */
export interface End {
  rect: Rect;
  replicas: readonly Rect[];
}

/** Where a trunk meets an end: in the middle of its side, or where a route comes straight to one of its replicas. */
function joint({ rect, replicas }: End, side: Side, stop: XY | undefined): XY {
  const middle = anchor(rect, side);
  if (stop === undefined || replicas.length < 2) return middle;
  const onTheWay = replicas
    .map((one) => anchor(one, side))
    .find((at) => (along(side) === "x" ? Math.abs(at.y - stop.y) < 1 : Math.abs(at.x - stop.x) < 1));
  if (onTheWay === undefined) return middle;
  return along(side) === "x" ? { x: middle.x, y: onTheWay.y } : { x: onTheWay.x, y: middle.y };
}

/** Draws a link from end to end through the points of its route. */
export function wayOf(from: End, to: End, route: readonly XY[]): Way {
  const firstStop = route[0] ?? middleOf(to.rect);
  const lastStop = route.at(-1) ?? middleOf(from.rect);
  const exit = sideTowards(from.rect, firstStop);
  const entry = sideTowards(to.rect, lastStop);
  const start = joint(from, exit, route[0]);
  const end = joint(to, entry, route.at(-1));
  const stops = [start, ...route, end];
  const flow = along(exit);
  const trunk = stops.slice(1).map((stop, i) => {
    const last = i === stops.length - 2;
    return bend(stops[i] ?? start, stop, i === 0 ? along(exit) : flow, last ? along(entry) : flow);
  });
  const fan = (replicas: readonly Rect[]) => (replicas.length > 1 ? replicas : []);
  return {
    trunk,
    sources: fan(from.replicas).map((rect) => bend(anchor(rect, exit), start, along(exit), along(exit))),
    targets: fan(to.replicas).map((rect) => bend(end, anchor(rect, entry), along(entry), along(entry))),
  };
}

const n = (value: number) => value.toFixed(1).replace(/\.0$/, "");

function svgOf(curves: readonly Curve[]): string {
  return curves
    .map((curve, i) => {
      const { from, c1, c2, to } = curve;
      const previous = curves[i - 1];
      const move =
        previous !== undefined && previous.to.x === from.x && previous.to.y === from.y
          ? ""
          : `M${n(from.x)},${n(from.y)}`;
      return `${move}C${n(c1.x)},${n(c1.y)} ${n(c2.x)},${n(c2.y)} ${n(to.x)},${n(to.y)}`;
    })
    .join("");
}

/** The way as the data of an SVG path. */
export function pathOf(way: Way): string {
  return [...way.sources.map((one) => [one]), way.trunk, ...way.targets.map((one) => [one])]
    .map(svgOf)
    .join("");
}

const ARROW = { length: 8, half: 4 } as const;

function arrowOf({ c1, c2, from, to }: Curve): string {
  const before = c2.x === to.x && c2.y === to.y ? (c1.x === to.x && c1.y === to.y ? from : c1) : c2;
  const far = Math.hypot(to.x - before.x, to.y - before.y) || 1;
  const ux = (to.x - before.x) / far;
  const uy = (to.y - before.y) / far;
  const back = { x: to.x - ux * ARROW.length, y: to.y - uy * ARROW.length };
  const side = (by: number) => `${n(back.x - uy * by)},${n(back.y + ux * by)}`;
  return `M${n(to.x)},${n(to.y)}L${side(ARROW.half)} ${side(-ARROW.half)}Z`;
}

/** Arrow heads where a way ends, as the data of an SVG path: they say the direction when nothing moves. */
export function headsOf(way: Way): string {
  const last = way.trunk.at(-1);
  const ends = way.targets.length > 0 ? way.targets : last === undefined ? [] : [last];
  return ends.map(arrowOf).join("");
}

const STEPS = 12;

function pointAt({ from, c1, c2, to }: Curve, t: number): XY {
  const u = 1 - t;
  const mix = (a: number, b: number, c: number, d: number) =>
    u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  return { x: mix(from.x, c1.x, c2.x, to.x), y: mix(from.y, c1.y, c2.y, to.y) };
}

/** Points along curves that follow one another. */
export function sample(curves: readonly Curve[]): XY[] {
  const first = curves[0];
  if (first === undefined) return [];
  const points = [first.from];
  for (const curve of curves) {
    for (let step = 1; step <= STEPS; step++) points.push(pointAt(curve, step / STEPS));
  }
  return points;
}

/** The lanes that particles take: each from a source box to a target box. */
export function lanesOf(way: Way): XY[][] {
  const count = Math.max(1, way.sources.length, way.targets.length);
  return Array.from({ length: count }, (_, lane) => {
    const source = way.sources[lane % Math.max(1, way.sources.length)];
    const target = way.targets[lane % Math.max(1, way.targets.length)];
    return sample([...(source ? [source] : []), ...way.trunk, ...(target ? [target] : [])]);
  });
}

/** Parts of the way along a trunk at which its rate may be written, the best first. */
const LABELS_AT = [0.5, 0.36, 0.64, 0.22, 0.78] as const;

/** Where the rate of a link may be written: in the middle of its trunk, or nearer to its ends. */
export function labelsOf(way: Way): XY[] {
  const points = sample(way.trunk);
  return LABELS_AT.flatMap((part) => points[Math.floor(part * points.length)] ?? []);
}

/** Whether two rectangles share more than a border. */
export function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Whether any of the points lies inside the rectangle. */
export function crosses(points: readonly XY[], rect: Rect): boolean {
  return points.some(
    (p) => p.x > rect.x && p.x < rect.x + rect.width && p.y > rect.y && p.y < rect.y + rect.height,
  );
}
