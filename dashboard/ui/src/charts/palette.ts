/**
 * The theme's colours as a canvas takes them. A custom property may hold
 * light-dark(), which no canvas understands: the browser resolves it for text.
 */
export class Palette {
  readonly #known = new Map<string, string>();
  readonly #probe: HTMLElement;

  constructor(probe: HTMLElement) {
    this.#probe = probe;
  }

  /** The colour of a custom property such as --accent. */
  colour(property: string): string {
    let colour = this.#known.get(property);
    if (colour === undefined) {
      this.#probe.style.color = `var(${property})`;
      colour = getComputedStyle(this.#probe).color;
      this.#probe.style.color = "";
      this.#known.set(property, colour);
    }
    return colour;
  }

  /** Forgets what it knows: the theme is another. */
  forget(): void {
    this.#known.clear();
  }
}
