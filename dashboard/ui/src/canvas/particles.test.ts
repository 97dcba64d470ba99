import { describe, expect, it } from "vitest";
import { particles, spacing, speed, trackOf, walk } from "./particles";

const corner = trackOf([
  { x: 0, y: 0 },
  { x: 100, y: 0 },
  { x: 100, y: 50 },
]);

describe("tracks", () => {
  it("know their length", () => expect(corner.length).toBe(150));

  it.each([
    [-5, 0, 0],
    [0, 0, 0],
    [40, 40, 0],
    [100, 100, 0],
    [125, 100, 25],
    [999, 100, 50],
  ])("at %s are at %s,%s", (distance, x, y) => expect(walk(corner, distance)).toEqual({ x, y }));

  it("of no length stay where they are", () => {
    expect(walk(trackOf([{ x: 3, y: 4 }]), 10)).toEqual({ x: 3, y: 4 });
  });
});

describe("particles", () => {
  it("show no traffic as none", () => {
    expect(particles(200, 0, 0)).toEqual([]);
    expect(particles(200, null, 0)).toEqual([]);
  });

  it("are denser and faster for more traffic", () => {
    const rates = [1, 10, 100, 1000, 10_000];
    const counts = rates.map((rate) => particles(600, rate, 0).length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(counts).size).toBe(rates.length);
    expect(speed(1000)).toBeGreaterThan(speed(10));
    expect(spacing(1e9)).toBe(14);
  });

  it("stay on their track, evenly", () => {
    for (const travelled of [0, 7.5, 63, 1e6 + 0.25]) {
      const at = particles(150, 500, travelled);
      expect(Math.min(...at)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...at)).toBeLessThanOrEqual(150);
      for (let i = 1; i < at.length; i++) {
        expect((at[i] ?? 0) - (at[i - 1] ?? 0)).toBeCloseTo(spacing(500));
      }
    }
  });

  it("leave every other one out, and again, until they are far enough apart", () => {
    const all = particles(600, 1000, 5);
    const few = particles(600, 1000, 5, 4 * spacing(1000));
    expect(few).toEqual(all.filter((_, place) => place % 4 === 0));
    expect(particles(600, 1000, 5, spacing(1000) / 2)).toEqual(all);
  });

  it("move on with the stream", () => {
    const [first = 0] = particles(300, 100, 0);
    const [later = 0] = particles(300, 100, 5);
    expect(later - first).toBeCloseTo(5);
  });
});
