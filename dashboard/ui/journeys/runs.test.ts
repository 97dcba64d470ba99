import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { rehearsed } from "../bench/rehearsed";
import { FixtureServer } from "../bench/server";
import { readSession } from "../bench/session";
import type { RunSummary } from "../src/wire";
import { Browser } from "./browser";

const live = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));
const finished = rehearsed(live, { id: "finished", name: "match-day", scaled: false, startedBy: "grace" });
const kept = rehearsed(live, {
  id: "kept",
  name: "black-friday",
  scaled: true,
  startedBy: "ada",
  kept: true,
});
const MINUTE = 60_000;

/** The kept run that can be opened, and many before it. */
const history: readonly RunSummary[] = [
  kept.play.snapshot.run,
  ...Array.from({ length: 70 }, (_, place) => ({
    ...kept.play.snapshot.run,
    id: `older-${place}`,
    name: place === 65 ? "spring-sale" : `rehearsal-${place}`,
    createdAt: kept.play.snapshot.run.createdAt - (place + 1) * MINUTE,
    verdict: place % 3 === 0 ? "Missed" : "Met",
    stage: place % 3 === 0 ? "ObjectivesMissed" : "ObjectivesMet",
  })),
];

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
  const plays = new Map([live, finished.play, kept.play].map((play) => [play.snapshot.run.id, play]));
  const replays = new Map([finished, kept].map(({ play, replay }) => [play.snapshot.run.id, replay]));
  server = new FixtureServer({ dist: "dist", plays, replays, kept: history, pace: 50 });
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

const row = (name: string) =>
  browser.page.getByRole("row").filter({ has: browser.page.getByText(name, { exact: true }) });
const link = (name: string) => browser.page.getByRole("link", { name, exact: true });

it("lists runs that go on, that ended and that are only kept, and tells them apart", async () => {
  await browser.page.goto(await serve());
  await link("black-friday").waitFor();
  expect(await row("scenario-1").getByText("Running").count()).toBe(1);
  expect(await row("match-day").getByText("kept", { exact: true }).count()).toBe(0);
  expect(await row("match-day").getByText("by grace").count()).toBe(1);
  expect(await row("black-friday").getByText("kept", { exact: true }).count()).toBe(1);
  expect(await row("black-friday").getByText("Objectives met").count()).toBe(1);
  await look("runs");
});

it("finds a run in all of the history, and turns its pages", async () => {
  const { page } = browser;
  await page.goto(await serve());
  await link("rehearsal-48").waitFor();
  expect(await link("rehearsal-49").count()).toBe(0);
  await page.getByRole("button", { name: "Show older runs" }).click();
  await link("rehearsal-69").waitFor();
  expect(await page.getByRole("button", { name: "Show older runs" }).count()).toBe(0);
  await page.reload();
  await page.getByLabel("Search runs").fill("spring");
  await link("spring-sale").waitFor();
  expect(await page.getByRole("row").count()).toBe(3);
  await page.getByLabel("Search runs").fill("nobody knows");
  await page.getByText("No run is like that.").waitFor();
  await page.getByLabel("Search runs").fill("");
  await page.getByLabel("Verdict").selectOption("Missed");
  await link("rehearsal-0").waitFor();
  await link("match-day").waitFor();
  expect(await link("black-friday").count()).toBe(0);
  await page.getByText("Kept", { exact: true }).click();
  await link("match-day").waitFor({ state: "detached" });
  expect(browser.errors).toEqual([]);
});

it("replays a kept run on the canvas", async () => {
  const { page } = browser;
  await page.goto(await serve());
  await link("black-friday").click();
  await page.locator("[data-notice=kept]").getByText("started by ada").waitFor();
  const grown = page.locator('[data-id="replica/api-server/api-server-2"]');
  await grown.waitFor({ state: "attached" });
  await look("kept");
  await page.locator("[data-time]").fill("30");
  await grown.waitFor({ state: "detached" });
  await page.getByText("Metrics", { exact: true }).click();
  await page.locator(".fc-plot canvas").first().waitFor();
  expect(await page.locator(".fc-controls").getByRole("button", { name: /^Stop/ }).count()).toBe(0);
});

it("goes on without the history, and says so where it is missed", async () => {
  const { page } = browser;
  const url = await serve();
  await page.route("**/api/history?*", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify({
        title: "Service Unavailable",
        status: 503,
        detail: "the history does not answer",
      }),
    }),
  );
  await page.goto(url);
  await link("match-day").waitFor();
  await page.getByText("Runs that were kept cannot be listed now. the history does not answer").waitFor();
  await look("history-away");
  await page.unrouteAll();
  await page.route("**/api/history?*", (route) => route.fulfill({ status: 404, body: "{}" }));
  await page.reload();
  await link("match-day").waitFor();
  await page.getByText("Runs that were kept").waitFor({ state: "detached" });
});
