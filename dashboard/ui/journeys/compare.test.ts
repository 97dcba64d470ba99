import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { comparisonOf } from "../bench/comparison";
import { rehearsed } from "../bench/rehearsed";
import { FixtureServer } from "../bench/server";
import { readSession } from "../bench/session";
import { comparePath } from "../src/route";
import { Browser } from "./browser";

const live = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));
const runs = [
  rehearsed(live, { id: "scaled", name: "match-day", scaled: true, startedBy: "ada", kept: true }),
  rehearsed(live, { id: "fixed", name: "match-day-fixed", scaled: false, startedBy: "grace" }),
  rehearsed(live, { id: "slow", name: "match-day-slow", scaled: true, slower: 30 }),
];
const GROWN = '[data-id="replica/api-server/api-server-2"]';

let browser: Browser;
let server: FixtureServer | null = null;

beforeAll(async () => {
  browser = await Browser.open("light");
});

afterEach(async () => {
  await browser.page.unrouteAll();
  await server?.close();
  server = null;
});

afterAll(async () => {
  await browser?.close();
});

async function serve(): Promise<string> {
  const plays = new Map([live, ...runs.map(({ play }) => play)].map((play) => [play.snapshot.run.id, play]));
  const replays = new Map(runs.map(({ play, replay }) => [play.snapshot.run.id, replay]));
  const kept = runs.map(({ play }) => play.snapshot.run).filter((run) => run.kept);
  server = new FixtureServer({ dist: "dist", plays, replays, kept, compare: comparisonOf, pace: 50 });
  return `http://127.0.0.1:${await server.listen()}`;
}

/** Keeps a picture in both themes, in which axe finds nothing. */
async function look(name: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await browser.page.emulateMedia({ colorScheme });
    await browser.shot(`${colorScheme}-${name}`);
    expect(await browser.violations()).toEqual([]);
  }
}

const heading = (name: string) => browser.page.getByRole("heading", { name, exact: true });
const pane = (letter: string) => browser.page.getByRole("region", { name: `Canvas of ${letter}` });

it("compares runs that are chosen from the list, and stands at an address that can be kept", async () => {
  const { page } = browser;
  const url = await serve();
  await page.goto(url);
  await page.getByRole("checkbox", { name: "Compare match-day", exact: true }).check();
  await page.getByText("Choose another run to compare it with.").waitFor();
  await page.getByRole("checkbox", { name: "Compare match-day-fixed", exact: true }).check();
  await look("choosing");
  await page.getByRole("link", { name: "Compare 2 runs" }).click();
  await heading("What came of it").waitFor();
  await page.reload();
  await heading("What came of it").waitFor();
  expect(new URL(page.url()).pathname).toBe(comparePath(["scaled", "fixed"]));
  await page.locator(".fc-plot canvas").first().waitFor();
  await pane("B").locator(".react-flow__node").first().waitFor();
  expect(await page.getByText("differs", { exact: true }).count()).toBeGreaterThan(0);
  expect(await page.getByText("within noise", { exact: true }).count()).toBeGreaterThan(0);
  expect(
    await page
      .getByRole("row", { name: /Add replica · api-server/ })
      .getByText("not made")
      .count(),
  ).toBe(1);
  expect(await page.getByRole("row", { name: /autoScaling\.enabled/ }).textContent()).toContain("false");
  await look("compare");
  expect(browser.errors).toEqual([]);
});

it("moves both canvases by one scrubber, by keys alone", async () => {
  const { page } = browser;
  await page.goto(`${await serve()}${comparePath(["scaled", "fixed"])}`);
  await pane("A").locator(GROWN).waitFor({ state: "attached" });
  expect(await pane("B").locator(GROWN).count()).toBe(0);
  await page.locator("[data-time]").focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.locator(".fc-clock", { hasText: "00:44" }).waitFor();
  await pane("A").locator(GROWN).waitFor({ state: "detached" });
  await page.keyboard.press("l");
  await pane("A").locator(GROWN).waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Look at 00:44: Add replica · api-server in A" }).click();
  await page.locator(".fc-clock", { hasText: "00:44" }).waitFor();
  await pane("B").locator('[data-id="component/api-server"]').click();
  await page.getByText("api-server: CPU").first().waitFor();
  await page.locator(".fc-plot canvas").first().waitFor();
  await page.getByRole("heading", { name: "Over the run" }).scrollIntoViewIfNeeded();
  await look("compare-charts");
});

it("takes a third run, and shows each pair of canvases", async () => {
  const { page } = browser;
  await page.goto(`${await serve()}${comparePath(["scaled", "fixed", "slow"])}`);
  await heading("What came of it").waitFor();
  await pane("B").getByRole("combobox").selectOption({ label: "C: match-day-slow" });
  await pane("C").locator(".react-flow__node").first().waitFor();
  await look("compare-three");
  await page.getByRole("button", { name: "Leave B out" }).click();
  await expect.poll(() => new URL(page.url()).pathname).toBe(comparePath(["scaled", "slow"]));
  await page.getByRole("link", { name: "default/match-day-fixed" }).waitFor({ state: "detached" });
});

it("leaves out a run that is gone, and says so when too few are left", async () => {
  const { page } = browser;
  const url = await serve();
  await page.goto(`${url}${comparePath(["scaled", "nobody", "fixed"])}`);
  await page.locator("[data-missing=B]").waitFor();
  await heading("What came of it").waitFor();
  expect(await page.getByRole("columnheader", { name: "C against A" }).count()).toBe(1);
  await look("compare-without");
  await page.getByRole("link", { name: "Compare without it" }).click();
  await page.locator("[data-missing=B]").waitFor({ state: "detached" });
  await page.goto(`${url}${comparePath(["scaled", "nobody"])}`);
  await heading("These runs cannot be compared").waitFor();
  await page.getByText("B is left out").waitFor();
  await look("compare-gone");
  await page.goto(`${url}${comparePath(["scaled", "scaled"])}`);
  await page.getByText("One run stands here twice").waitFor();
  await page.getByRole("link", { name: "All runs" }).click();
  await heading("Runs").waitFor();
});

it("says what went wrong, and tries again", async () => {
  const { page } = browser;
  const url = await serve();
  let away = true;
  await page.route("**/api/compare?*", (route) =>
    away ? route.fulfill({ status: 503, json: { detail: "the history does not answer" } }) : route.fallback(),
  );
  await page.goto(`${url}${comparePath(["scaled", "fixed"])}`);
  await page.getByText("the history does not answer").waitFor();
  await look("compare-failed");
  away = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await heading("What came of it").waitFor();
});

it("shows the shape of what comes while it loads", async () => {
  const { page } = browser;
  const url = await serve();
  await page.route("**/api/simulation/*/replay", () => {}); // never answered
  await page.goto(`${url}${comparePath(["scaled", "fixed"])}`);
  await heading("Loading").waitFor({ state: "attached" });
  await look("compare-loading");
});
