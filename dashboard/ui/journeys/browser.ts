import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A Chromium of its own with an empty profile. */
export class Browser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
    readonly page: Page,
    /** What the page said went wrong. */
    readonly errors: string[],
  ) {}

  static async open(colorScheme: "light" | "dark"): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "flashcrowd-page-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
      colorScheme,
      reducedMotion: "reduce",
      viewport: { width: 1440, height: 900 },
    });
    const page = context.pages()[0] ?? (await context.newPage());
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    return new Browser(context, profile, page, errors);
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
