import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

type LaunchOptions = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>;

const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const artifacts = new URL("../artifacts/", import.meta.url).pathname;

interface AxeResult {
  violations: { id: string; nodes: { html: string }[] }[];
}

/** How long anything may take: a busy machine is slow. */
const PATIENCE_MS = 90_000;

/** Chromium now and then dies while it starts: then another is started. */
const LAUNCHES = 3;

async function launch(
  looks: Pick<LaunchOptions, "colorScheme" | "reducedMotion">,
  attempt = 1,
): Promise<{ context: BrowserContext; profile: string }> {
  const profile = mkdtempSync(join(tmpdir(), "flashcrowd-page-"));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      ...looks,
      timeout: PATIENCE_MS,
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
      viewport: { width: 1440, height: 900 },
    });
    return { context, profile };
  } catch (error) {
    rmSync(profile, { recursive: true, force: true });
    if (attempt === LAUNCHES) throw error;
    return launch(looks, attempt + 1);
  }
}

/** A Chromium of its own with an empty profile. */
export class Browser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
    readonly page: Page,
    /** What the page said went wrong. */
    readonly errors: string[],
  ) {}

  /** Opens one. Journeys go without motion, so that nothing is caught half-way. */
  static async open(
    colorScheme: "light" | "dark",
    reducedMotion: "reduce" | "no-preference" = "reduce",
  ): Promise<Browser> {
    const { context, profile } = await launch({ colorScheme, reducedMotion });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    return new Browser(context, profile, page, errors);
  }

  /** The browser's own name for its version. */
  version(): string {
    return this.context.browser()?.version() ?? "unknown";
  }

  /** Keeps a picture of what is seen. */
  async shot(name: string): Promise<void> {
    mkdirSync(artifacts, { recursive: true });
    await this.page.screenshot({ path: `${artifacts}${name}.png` });
  }

  /** What axe finds wrong, each with the first element that has it. The script is evaluated past the page's policy. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axe);
    const result = (await this.page.evaluate("axe.run()")) as AxeResult;
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
