import { describe, expect, it } from "vitest";
import { trackOf } from "./particles";
import { type Brush, Traffic } from "./traffic";

/** Keeps where dots are drawn. */
class Paper implements Brush {
  fillStyle = "";
  dots: { x: number; y: number }[] = [];
  arcs = 0;
  clearRect() {
    this.dots = [];
  }
  beginPath() {}
  fill() {}
  moveTo() {}
  rect(x: number, y: number, width: number, height: number) {
    this.dots.push({ x: x + width / 2, y: y + height / 2 });
  }
  arc(x: number, y: number) {
    this.arcs++;
    this.dots.push({ x, y });
  }
}

const straight = trackOf([
  { x: 0, y: 10 },
  { x: 600, y: 10 },
]);

function traffic(): Traffic {
  const it = new Traffic();
  it.pane = { width: 1200, height: 800, ratio: 2, color: "blue" };
  it.streams = [{ id: "a>b", tracks: [straight] }];
  it.rates = [1000];
  return it;
}

function drawn(it: Traffic): Paper {
  const paper = new Paper();
  it.draw(paper);
  return paper;
}

describe("traffic", () => {
  it("is drawn in device pixels, from where the canvas is looked at", () => {
    const it = traffic();
    it.view = { x: 30, y: 5, zoom: 0.5 };
    const [first] = drawn(it).dots;
    expect(first).toEqual({ x: 60, y: 20 });
  });

  it("moves on with time, and is where it was when the canvas moves", () => {
    const it = traffic();
    const before = drawn(it).dots[0]?.x ?? 0;
    it.advance(0.1);
    const after = drawn(it).dots[0]?.x ?? 0;
    expect(after - before).toBeCloseTo(2 * (50 + 22 * 3) * 0.1);
    it.view = { x: 100, y: 0, zoom: 1 };
    expect(drawn(it).dots[0]?.x).toBeCloseTo(after + 200);
  });

  it("goes on from where it was when the streams are told anew", () => {
    const it = traffic();
    it.advance(0.1);
    const before = drawn(it).dots;
    it.streams = [{ id: "b>c", tracks: [] }, ...it.streams];
    it.rates = [null, 1000];
    expect(drawn(it).dots).toEqual(before);
  });

  it("is no dots where nothing passes or nothing was measured", () => {
    const it = traffic();
    it.rates = [0];
    expect(drawn(it).dots).toEqual([]);
    it.rates = [];
    expect(drawn(it).dots).toEqual([]);
  });

  it("from afar is fewer and simpler dots", () => {
    const it = traffic();
    const near = drawn(it);
    it.view = { x: 0, y: 0, zoom: 0.1 };
    const far = drawn(it);
    expect([near.arcs, far.arcs]).toEqual([near.dots.length, far.dots.length]);
    it.pane = { ...it.pane, ratio: 1 };
    const plain = drawn(it);
    expect(plain.arcs).toBe(0);
    expect(plain.dots.length).toBeLessThan(near.dots.length / 3);
    expect((plain.dots[1]?.x ?? 0) - (plain.dots[0]?.x ?? 0)).toBeGreaterThanOrEqual(9);
  });
});
