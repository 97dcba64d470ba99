import type { Frame } from "../state/frame";
import type { Health } from "../state/health";
import type { Box } from "./boxes";
import { absence, type Reading, readingOf } from "./reading";
import type { Scene } from "./scene";

/** A shape for each health, so that colour is never alone. */
export const MARKS: Readonly<Record<Health, string>> = {
  ok: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Z",
  busy: "M6 1 11.5 11H.5Z",
  over: "M6 .5 11.5 6 6 11.5.5 6Z",
  failing: "M1 3 3 1l3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3Z",
  unknown: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
};

const texts = ["rate", "p95", "cpu", "memory", "queue", "errors"] as const;

/** Writes measurements straight into the elements of one box, and only what changed. */
export class BoxPainter {
  readonly #root: HTMLElement;
  readonly #box: Box;
  readonly #written = new Map<string, string>();
  readonly #slots: ReadonlyMap<string, Element>;

  constructor(root: HTMLElement, box: Box) {
    this.#root = root;
    this.#box = box;
    const slots = [...root.querySelectorAll("[data-slot]")];
    this.#slots = new Map(slots.map((slot) => [slot.getAttribute("data-slot") ?? "", slot]));
  }

  paint(frame: Frame, scene: Scene): void {
    const reading = readingOf(frame, this.#box.id);
    const since = scene.appeared.get(this.#box.id);
    const away = absence(this.#box, since === undefined || frame.at === 0 ? null : (frame.at - since) / 1000);
    const health = away === null ? reading.condition.health : "unknown";
    this.#once("health", health, () => {
      this.#root.dataset.health = health;
      this.#slots.get("mark")?.setAttribute("d", MARKS[health]);
    });
    const little = scene.level === "far" || scene.level === "low";
    this.#text("words", away ?? (little ? reading.condition.brief : reading.condition.words));
    if (scene.level !== "far" && away === null) this.#numbers(reading);
  }

  #numbers(reading: Reading): void {
    for (const name of texts) this.#text(name, reading[name]);
    this.#bar("cpuBar", reading.cpuShare);
    this.#bar("memoryBar", reading.memoryShare);
  }

  #text(slot: string, text: string): void {
    this.#once(slot, text, () => {
      const element = this.#slots.get(slot);
      if (element) element.textContent = text;
    });
  }

  #bar(slot: string, share: number): void {
    const scale = share.toFixed(2);
    this.#once(slot, scale, () => {
      const element = this.#slots.get(slot);
      if (element instanceof HTMLElement) element.style.transform = `scaleX(${scale})`;
    });
  }

  #once(slot: string, value: string, write: () => void): void {
    if (this.#written.get(slot) === value) return;
    this.#written.set(slot, value);
    write();
  }
}
