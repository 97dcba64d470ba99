import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { Browser } from "../journeys/browser";
import { clipped, linksThroughBoxes, places } from "../journeys/picture";
import type { FeedMessage } from "../src/wire";
import { holds, lineOf, median, type Outcome } from "./goals";
import { frameRate, mainThread, moved, openRun, seek, smallestName } from "./measure";
import { replayOf } from "./replay";
import { FixtureServer } from "./server";
import type { Play } from "./session";
import { type Chunk, FIRST_LOAD_KB, firstLoad, gzipKB } from "./size";
import { synthetic } from "./synthetic";

/** Main thread at 4 Hz in CPU milliseconds a second, by the number of components. */
const BUDGETS = new Map([
  [50, 80],
  [200, 120],
  [500, 250],
]);
const HZ = 4;
const SETTLE_MS = 3000;
const SECONDS = 8;
const SEEKS = 41;
const REPLAYED = "replay-200";

type Say = (outcome: Outcome) => void;

const none = (what: string, measured: number): Outcome => ({
  what,
  measured,
  bound: "at most",
  goal: 0,
  unit: "",
});

/** What a browser fetches before a run is seen. */
export function firstLoadSize(): Outcome {
  const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8")) as Record<string, Chunk>;
  const files = firstLoad(manifest, "src/pages/RunPage.tsx");
  const measured = files.reduce((sum, file) => sum + gzipKB(readFileSync(join("dist", file))), 0);
  return { what: "first-load JavaScript, gzip", measured, bound: "at most", goal: FIRST_LOAD_KB, unit: "kB" };
}

async function painting(browser: Browser, url: string, say: Say): Promise<void> {
  const { page } = browser;
  for (const [count, goal] of BUDGETS) {
    await openRun(page, url, `grid-${count}`);
    say(none(`boxes clipped at first fit, ${count} components`, (await clipped(page)).length));
    say(none(`lines through boxes, ${count} components`, (await linksThroughBoxes(page)).length));
    if (count === 50) {
      const measured = await smallestName(page);
      say({
        what: "smallest name at first fit, 50 components",
        measured,
        bound: "at least",
        goal: 11,
        unit: "px",
      });
    }
    await page.waitForTimeout(SETTLE_MS);
    const measured = await mainThread(page, SECONDS);
    say({
      what: `main thread, ${count} components at ${HZ} Hz`,
      measured,
      bound: "at most",
      goal,
      unit: "ms/s",
    });
  }
  const measured = await frameRate(page, SECONDS);
  say({
    what: "frames with traffic shown, 500 components",
    measured,
    bound: "at least",
    goal: 50,
    unit: "fps",
  });
}

async function seeking(browser: Browser, url: string, say: Say): Promise<void> {
  const { page } = browser;
  await openRun(page, url, REPLAYED);
  await page.waitForTimeout(SETTLE_MS);
  const took: number[] = [];
  for (let i = 0; i < SEEKS; i++) took.push(await seek(page, 10 + ((i * 97) % 250)));
  const measured = median(took);
  say({ what: `median of ${SEEKS} seeks, 200 components`, measured, bound: "at most", goal: 50, unit: "ms" });
}

/** How many decisions, alerts and findings a session tells in the end. */
function told(play: Play): number {
  const ids = play.steps.flatMap(({ message }) => itemsOf(message));
  return new Set(ids).size;
}

function itemsOf(message: FeedMessage): string[] {
  switch (message.type) {
    case "decision":
      return [`decision/${message.decision.id}`];
    case "alert":
      return [`alert/${message.alert.id}`];
    case "finding":
      return [`finding/${message.finding.id}`];
    default:
      return [];
  }
}

async function reconnecting(browser: Browser, server: FixtureServer, play: Play, say: Say): Promise<void> {
  const { page } = browser;
  const url = `http://127.0.0.1:${await server.listen()}`;
  await openRun(page, url, play.snapshot.run.id);
  const before = await places(page);
  const away: number[] = [];
  while ((await page.getByText("Objectives met").count()) === 0) {
    server.cut();
    const cut = performance.now();
    await page.locator(".run-header .link", { hasText: /^(Live|Recorded)$/ }).waitFor();
    away.push(performance.now() - cut);
    await page.waitForTimeout(700);
  }
  say(none("old boxes moved by a scaling event", moved(before, await places(page))));
  say(none("lines through boxes after it", (await linksThroughBoxes(page)).length));
  const seen = await page.locator(".fc-timeline .fc-card").count();
  say(none(`events lost over ${away.length} cut connections`, told(play) - seen));
  say({
    what: "live again after a cut, median",
    measured: median(away),
    bound: "at most",
    goal: 1000,
    unit: "ms",
  });
}

async function accessible(scheme: "light" | "dark", url: string, id: string, say: Say): Promise<void> {
  const browser = await Browser.open(scheme);
  try {
    const { page } = browser;
    await openRun(page, url, id);
    say(none(`axe violations, canvas, ${scheme}`, (await browser.violations()).length));
    await page.getByText("Table", { exact: true }).click();
    await page.locator(".fc-table table").waitFor();
    say(none(`axe violations, table, ${scheme}`, (await browser.violations()).length));
    await page.goto(`${url}/graphs/new`);
    await page.locator(".ed-palette button").first().click();
    say(none(`axe violations, editor, ${scheme}`, (await browser.violations()).length));
  } finally {
    await browser.close();
  }
}

/**
 * Measures the goals of the page in a real browser: the built page, served with
 * synthetic graphs in which every value changes with every tick, and with a
 * recorded session. Prints each as it is known; resolves with the number missed.
 */
export async function bench(session: Play): Promise<number> {
  const grids = [...BUDGETS.keys()].map((count) => synthetic(session, count, HZ, 300));
  const recorded = synthetic(session, 200, 1, 300);
  const { snapshot } = recorded;
  const still: Play = {
    ...recorded,
    snapshot: { ...snapshot, run: { ...snapshot.run, id: REPLAYED } },
    steps: [],
  };
  const plays = new Map([...grids, still].map((play) => [play.snapshot.run.id, play]));
  const replays = new Map([[REPLAYED, replayOf(recorded)]]);
  const server = new FixtureServer({ dist: "dist", plays, replays, pace: 1 });
  const recording = new FixtureServer({
    dist: "dist",
    plays: new Map([[session.snapshot.run.id, session]]),
    pace: 3,
  });
  const browser = await Browser.open("dark", "no-preference");
  const [cpu] = cpus();
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `Chromium ${browser.version()}, 1440x900, software rendering; ${cpus().length} x ${cpu?.model}, load ${load}`,
  );
  let missed = 0;
  const say: Say = (outcome) => {
    if (!holds(outcome)) missed++;
    console.log(lineOf(outcome));
  };
  try {
    const url = `http://127.0.0.1:${await server.listen()}`;
    say(firstLoadSize());
    await painting(browser, url, say);
    await seeking(browser, url, say);
    await reconnecting(browser, recording, session, say);
    for (const scheme of ["light", "dark"] as const) await accessible(scheme, url, "grid-50", say);
  } finally {
    await browser.close();
    await server.close();
    await recording.close();
  }
  return missed;
}
