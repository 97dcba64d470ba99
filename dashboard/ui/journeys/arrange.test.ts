import { afterAll, beforeAll, expect, it } from "vitest";
import { FixtureServer } from "../bench/server";
import { readSession } from "../bench/session";
import { Browser } from "./browser";
import { linksThroughBoxes, places } from "./picture";

const play = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));
const DATABASE = "component/database";
const GROWN = '[data-id="replica/api-server/api-server-2"]';

let server: FixtureServer;
let browser: Browser;
let home: Record<string, string>;

beforeAll(async () => {
  server = new FixtureServer({ dist: "dist", plays: new Map([[play.snapshot.run.id, play]]), pace: 50 });
  const url = `http://127.0.0.1:${await server.listen()}`;
  browser = await Browser.open("light");
  await browser.page.goto(`${url}/runs/${play.snapshot.run.id}`);
  await browser.page.getByText("Objectives met").waitFor();
  await browser.page.locator("[data-time]").fill("42");
  await browser.page.locator(GROWN).waitFor({ state: "detached" });
  home = await places(browser.page);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function drag(key: string, by: { x: number; y: number }): Promise<void> {
  const { mouse } = browser.page;
  const rect = await browser.page.locator(`[data-id="${key}"]`).boundingBox();
  if (rect === null) throw new Error(`${key} is not seen`);
  const from = { x: rect.x + rect.width / 2, y: rect.y + 20 };
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x + by.x / 2, from.y + by.y / 2, { steps: 4 });
  await mouse.move(from.x + by.x, from.y + by.y, { steps: 4 });
  await mouse.up();
}

/** Where the boxes are once one of them is elsewhere than it was. */
async function afterMoveOf(key: string, was: Record<string, string>): Promise<Record<string, string>> {
  await expect.poll(async () => (await places(browser.page))[key]).not.toBe(was[key]);
  return places(browser.page);
}

it("a box stays where it was put, and nothing else moves", async () => {
  await drag(DATABASE, { x: -60, y: 200 });
  const moved = await afterMoveOf(DATABASE, home);
  expect(moved).toEqual({ ...home, [DATABASE]: moved[DATABASE] });
  expect(await linksThroughBoxes(browser.page)).toEqual([]);
});

it("it stays there over new boxes, and when the page is loaded again", async () => {
  const { page } = browser;
  const moved = await places(page);
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.locator(GROWN).waitFor({ state: "attached" });
  expect((await places(page))[DATABASE]).toBe(moved[DATABASE]);
  await browser.shot("arranged");
  await page.reload();
  await page.locator(GROWN).waitFor({ state: "attached" });
  expect((await places(page))[DATABASE]).toBe(moved[DATABASE]);
  expect(await linksThroughBoxes(page)).toEqual([]);
});

it("a component takes all its replicas along", async () => {
  const { page } = browser;
  const before = await places(page);
  await drag("replica/api-server/api-server-1", { x: 0, y: -160 });
  const after = await afterMoveOf("frame/api-server", before);
  const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
  expect(changed.sort()).toEqual([
    "frame/api-server",
    "replica/api-server/api-server-1",
    "replica/api-server/api-server-2",
  ]);
  expect(await linksThroughBoxes(page)).toEqual([]);
});

it("T puts everything back, and that can be taken back", async () => {
  const { page } = browser;
  const moved = await places(page);
  await page.locator(`[data-id="${DATABASE}"]`).focus();
  await page.keyboard.press("t");
  const tidy = await afterMoveOf(DATABASE, moved);
  expect(tidy[DATABASE]).toBe(home[DATABASE]);
  expect(tidy["replica/api-server/api-server-1"]).toBe(home["component/api-server"]);
  await page.keyboard.press("Control+z");
  expect(await afterMoveOf(DATABASE, tidy)).toEqual(moved);
  await page.getByRole("button", { name: "Tidy" }).click();
  expect((await afterMoveOf(DATABASE, moved))[DATABASE]).toBe(home[DATABASE]);
});

it("a box is moved by keys as well", async () => {
  const { page } = browser;
  const before = await places(page);
  await page.locator(`[data-id="${DATABASE}"]`).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await page.keyboard.press("Alt+ArrowDown");
  const [, x, y] = /translate\((-?[\d.]+)px, ?(-?[\d.]+)px\)/.exec(before[DATABASE] ?? "") ?? [];
  await expect
    .poll(async () => (await places(page))[DATABASE])
    .toBe(`translate(${x}px, ${Number(y) + 48}px)`);
  expect(browser.errors).toEqual([]);
});
