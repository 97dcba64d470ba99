import type { View } from "./geometry";
import { particles, speed, type Track, walk } from "./particles";

/** One link as its traffic is drawn. */
export interface Stream {
  id: string;
  tracks: readonly Track[];
}

/** The window onto the canvas: its size in device pixels, device pixels to one of CSS, and what dots are painted with. */
export interface Pane {
  width: number;
  height: number;
  ratio: number;
  color: string;
}

/** What the page tells the painter of the traffic. */
export type TrafficMessage =
  | { kind: "canvas"; canvas: OffscreenCanvas }
  | { kind: "pane"; pane: Pane }
  | { kind: "view"; view: View }
  | { kind: "streams"; streams: readonly Stream[] }
  /** Calls a second over each stream, in their order. */
  | { kind: "rates"; rates: readonly (number | null)[] }
  | { kind: "moving"; moving: boolean };

/** What a picture is drawn with. */
export type Brush = Pick<
  OffscreenCanvasRenderingContext2D,
  "clearRect" | "beginPath" | "moveTo" | "arc" | "rect" | "fill" | "fillStyle"
>;

/** Canvas pixels of a dot's radius, and the least that is seen, in CSS pixels. */
const DOT = 2.4;
const LEAST_DOT = 1.1;
/** CSS pixels between two dots at least: closer, they are a line that says nothing. */
const LEAST_GAP = 9;
/** Device pixels of a radius up to which a square looks as a dot does, for a fraction of the work. */
const SQUARE = 2;

/** How far the traffic has come, and the pictures of it. */
export class Traffic {
  pane: Pane = { width: 0, height: 0, ratio: 1, color: "" };
  view: View = { x: 0, y: 0, zoom: 1 };
  streams: readonly Stream[] = [];
  rates: readonly (number | null)[] = [];
  /** How far each stream has come in canvas pixels, by its id. */
  readonly #travelled = new Map<string, number>();

  /** Lets the traffic go on for some seconds. */
  advance(seconds: number): void {
    for (const [place, { id }] of this.streams.entries()) {
      const rate = this.rates[place] ?? 0;
      if (rate > 0) this.#travelled.set(id, (this.#travelled.get(id) ?? 0) + speed(rate) * seconds);
    }
  }

  /** Draws the traffic as it is. */
  draw(brush: Brush): void {
    const { width, height, color } = this.pane;
    brush.clearRect(0, 0, width, height);
    brush.fillStyle = color;
    brush.beginPath();
    for (const [place, stream] of this.streams.entries()) {
      const rate = this.rates[place] ?? 0;
      if (rate > 0) this.#trace(brush, stream, rate);
    }
    brush.fill();
  }

  #trace(brush: Brush, { id, tracks }: Stream, rate: number): void {
    const { ratio } = this.pane;
    const { x, y, zoom } = this.view;
    const size = Math.max(DOT * zoom, LEAST_DOT) * ratio;
    const travelled = this.#travelled.get(id) ?? 0;
    for (const track of tracks) {
      for (const distance of particles(track.length, rate / tracks.length, travelled, LEAST_GAP / zoom)) {
        const at = walk(track, distance);
        dot(brush, (at.x * zoom + x) * ratio, (at.y * zoom + y) * ratio, size);
      }
    }
  }
}

function dot(brush: Brush, x: number, y: number, radius: number): void {
  if (radius <= SQUARE) {
    brush.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    return;
  }
  brush.moveTo(x + radius, y);
  brush.arc(x, y, radius, 0, 2 * Math.PI);
}
