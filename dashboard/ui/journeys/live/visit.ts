import { Browser } from "../browser";
import { Cable } from "./cable";
import { Cluster } from "./cluster";

/** How long a change of the running system may take to be seen, in milliseconds. */
const PATIENCE_MS = 90_000;

/** A local cluster of its own, and a browser that is signed in at its dashboard by a cable that can be cut. */
export class Visit {
  private constructor(
    private readonly cluster: Cluster,
    readonly cable: Cable,
    readonly browser: Browser,
  ) {}

  static async begin(motion: "reduce" | "no-preference"): Promise<Visit> {
    const cluster = await Cluster.up();
    try {
      const link = await cluster.link();
      const { cable, port } = await Cable.to(Number(link.port));
      link.port = String(port);
      const browser = await Browser.open("light", motion);
      browser.page.setDefaultTimeout(PATIENCE_MS);
      await browser.page.goto(link.href);
      return new Visit(cluster, cable, browser);
    } catch (error) {
      await cluster.down();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.browser.close();
    this.cable.close();
    await this.cluster.down();
  }

  /** Asks the dashboard's REST interface as the page does. */
  async ask<T>(path: string): Promise<T> {
    const { page } = this.browser;
    return (await (await page.request.get(new URL(path, page.url()).href)).json()) as T;
  }

  /** Starts a ready-made scenario from the list of runs, and waits until traffic flows. */
  async play(name: string): Promise<void> {
    const { page } = this.browser;
    const { items } = await this.ask<{ items: { name: string; title: string }[] }>("/api/scenarios");
    const title = items.find((one) => one.name === name)?.title;
    await page.getByRole("button", { name: `Play ${title}`, exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await this.stage("Running");
  }

  /** Waits for the stage of the run, in the page's words. */
  async stage(words: string, timeout = PATIENCE_MS): Promise<void> {
    await this.browser.page.locator(".stage", { hasText: words }).waitFor({ timeout });
  }

  /** What the server holds of the run that is watched. */
  async decisions(): Promise<{ id: string }[]> {
    const id = new URL(this.browser.page.url()).pathname.split("/").at(-1);
    return (await this.ask<{ snapshot: { decisions: { id: string }[] } }>(`/api/simulation/${id}/replay`))
      .snapshot.decisions;
  }

  /** Keeps a picture of what is seen, dark and light. */
  async shots(name: string): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
      await this.browser.page.emulateMedia({ colorScheme });
      await this.browser.shot(`${name}-${colorScheme}`);
    }
  }
}
