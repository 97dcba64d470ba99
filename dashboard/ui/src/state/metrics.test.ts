import { describe, expect, it } from "vitest";
import { EMPTY_FRAME, type Frame } from "./frame";
import { MetricStore } from "./metrics";

const second = (at: number): Frame => ({ ...EMPTY_FRAME, at });

function rig() {
  const queue: (() => void)[] = [];
  const clock = { now: 0 };
  const store = new MetricStore(
    (run) => queue.push(run),
    () => clock.now,
  );
  const animate = () => queue.splice(0).forEach((run) => void run());
  return { store, clock, queue, animate };
}

describe("metrics", () => {
  it("paint once per animation frame, the newest", () => {
    const { store, animate } = rig();
    const painted: number[] = [];
    store.subscribe((frame) => painted.push(frame.at));
    for (const at of [1, 2, 3]) store.set(second(at));
    expect(painted).toEqual([0]);
    animate();
    expect(painted).toEqual([0, 3]);
  });

  it("stop when nobody looks", () => {
    const { store, animate } = rig();
    const painted: number[] = [];
    const stop = store.subscribe((frame) => painted.push(frame.at));
    stop();
    store.set(second(1));
    animate();
    expect(painted).toEqual([0]);
  });

  it("slow down after two long paints in a row", () => {
    const { store, clock, queue, animate } = rig();
    let paints = 0;
    store.subscribe(() => {
      paints++;
      clock.now += 80;
    });
    for (const at of [1, 2, 3]) {
      store.set(second(at));
      animate();
    }
    expect(paints).toBe(3);
    expect(queue).toHaveLength(1);
    clock.now += 500;
    animate();
    expect(paints).toBe(4);
  });
});
