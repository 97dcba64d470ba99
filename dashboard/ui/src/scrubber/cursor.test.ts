import { describe, expect, it } from "vitest";
import { advance, type Cursor, jump, LIVE, pace, type Span, secondOf, seek, step, toggle } from "./cursor";

const running: Span = { end: 100, growing: true };
const finished: Span = { end: 100, growing: false };
const at = (second: number, playing = false): Cursor => ({ kind: "at", second, playing, speed: 1 });

describe("the cursor", () => {
  it("live is at the newest second", () => {
    expect(secondOf(LIVE, running)).toBe(100);
  });

  it("stays within the run", () => {
    expect(seek(LIVE, running, 900)).toEqual(at(100));
    expect(step(at(0), running, -1)).toEqual(at(0));
    expect(step(at(41.6), running, 1)).toEqual(at(43));
  });

  it("jumps between decisions and stays where there is none", () => {
    const marks = [20, 44, 60];
    expect(jump(at(44.2), running, marks, 1)).toEqual(at(60));
    expect(jump(at(44.2), running, marks, -1)).toEqual(at(20));
    expect(jump(LIVE, running, marks, 1)).toBe(LIVE);
    expect(jump(LIVE, running, marks, -1)).toEqual(at(60));
  });

  it("halts a live run where it is, and plays a finished one from its start", () => {
    expect(toggle(LIVE, running)).toEqual(at(100));
    expect(toggle(LIVE, finished)).toEqual(at(0, true));
    expect(toggle(at(100), finished)).toEqual(at(0, true));
    expect(toggle(at(30, true), running)).toEqual(at(30));
  });

  it("moves by its speed while it plays", () => {
    expect(advance(pace(at(10, true), running, 10), running, 0.5)).toMatchObject({ second: 15 });
    expect(advance(at(10), running, 5)).toEqual(at(10));
  });

  it("goes live when it catches up, and halts at the end of a finished run", () => {
    expect(advance(at(99.9, true), running, 1)).toBe(LIVE);
    expect(advance(at(99.9, true), finished, 1)).toEqual(at(100));
  });
});
