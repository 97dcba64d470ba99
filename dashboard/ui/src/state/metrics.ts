import { EMPTY_FRAME, type Frame } from "./frame";

type Paint = (frame: Frame) => void;

/**
 * Holds the newest frame outside React and calls its painters at most once per
 * animation frame, newest wins. Two long paints in a row halve the pace, quick
 * ones give it back: 4, 2, 1 times a second at most under pressure.
 */
export class MetricStore {
  #frame: Frame = EMPTY_FRAME;
  #painters = new Set<Paint>();
  #scheduled = false;
  #slow = 0;
  #pause = 0;
  #last = Number.NEGATIVE_INFINITY;
  readonly #schedule: (run: () => void) => void;
  readonly #now: () => number;

  constructor(schedule: (run: () => void) => void, now: () => number) {
    this.#schedule = schedule;
    this.#now = now;
  }

  get frame(): Frame {
    return this.#frame;
  }

  /** Takes the newest frame over. */
  set(frame: Frame): void {
    this.#frame = frame;
    this.#request();
  }

  /** Calls paint now and whenever the frame changes, until the returned function is called. */
  subscribe(paint: Paint): () => void {
    this.#painters.add(paint);
    paint(this.#frame);
    return () => this.#painters.delete(paint);
  }

  #request(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.#paint());
  }

  #paint(): void {
    this.#scheduled = false;
    const started = this.#now();
    if (started - this.#last < this.#pause) {
      this.#request();
      return;
    }
    this.#last = started;
    for (const paint of this.#painters) paint(this.#frame);
    this.#adapt(this.#now() - started);
  }

  #adapt(tookMs: number): void {
    this.#slow = tookMs > 50 ? this.#slow + 1 : 0;
    if (this.#slow >= 2) this.#pause = Math.min(1000, this.#pause === 0 ? 500 : this.#pause * 2);
    else if (this.#slow === 0 && tookMs < 16) this.#pause = this.#pause <= 250 ? 0 : this.#pause / 2;
  }
}

/** The store of the page, painted by the browser's animation frames. */
export function browserMetrics(): MetricStore {
  return new MetricStore(
    (run) => requestAnimationFrame(run),
    () => performance.now(),
  );
}
