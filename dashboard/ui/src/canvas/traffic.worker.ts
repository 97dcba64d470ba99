import { Traffic, type TrafficMessage } from "./traffic";

/** Thirty pictures a second are enough for dots. */
const FRAME_MS = 1000 / 30;
/** After a longer pause the traffic goes on from where it was, in seconds. */
const LONGEST_STEP = 0.2;

/** Draws the traffic on the canvas that it is given, apart from the page's own thread. */
class Painter {
  readonly #traffic = new Traffic();
  #brush: OffscreenCanvasRenderingContext2D | null = null;
  #request = 0;
  #last = 0;

  take(message: TrafficMessage): void {
    const traffic = this.#traffic;
    switch (message.kind) {
      case "canvas":
        this.#brush = message.canvas.getContext("2d");
        break;
      case "pane":
        traffic.pane = message.pane;
        this.#resize();
        break;
      case "view":
        traffic.view = message.view;
        break;
      case "streams":
        traffic.streams = message.streams;
        break;
      case "rates":
        traffic.rates = message.rates;
        break;
      case "moving":
        this.#move(message.moving);
    }
  }

  #resize(): void {
    if (this.#brush === null) return;
    const { width, height } = this.#traffic.pane;
    Object.assign(this.#brush.canvas, { width, height });
  }

  #move(moving: boolean): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    if (moving) this.#go();
    else this.#brush?.clearRect(0, 0, this.#traffic.pane.width, this.#traffic.pane.height);
  }

  #go(): void {
    this.#request = requestAnimationFrame((now) => {
      this.#go();
      if (now - this.#last < FRAME_MS - 2) return;
      this.#traffic.advance(Math.min(LONGEST_STEP, (now - this.#last) / 1000));
      this.#last = now;
      if (this.#brush !== null) this.#traffic.draw(this.#brush);
    });
  }
}

const painter = new Painter();
addEventListener("message", ({ data }: MessageEvent<TrafficMessage>) => painter.take(data));
