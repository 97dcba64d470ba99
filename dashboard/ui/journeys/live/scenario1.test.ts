import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Browser } from "../browser";
import { Cable } from "./cable";
import { Cluster } from "./cluster";

const SCENARIO = "scenario-1";
const GROWN = /Add replica · api-server/;

let cluster: Cluster;
let cable: Cable;
let browser: Browser;

beforeAll(async () => {
  cluster = await Cluster.up();
  const link = await cluster.link();
  const way = await Cable.to(Number(link.port));
  cable = way.cable;
  link.port = String(way.port);
  browser = await Browser.open("light");
  browser.page.setDefaultTimeout(90_000);
  await browser.page.goto(link.href);
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await browser.shot("live-failed");
});

afterAll(async () => {
  await browser?.close();
  cable?.close();
  await cluster?.down();
});

/** The rate that the page says is sent, in requests a second. */
async function achieved(): Promise<number> {
  const told = await browser.page.locator(".fc-pair dd").nth(1).textContent();
  return Number.parseFloat((told ?? "").replaceAll(",", ""));
}

it("starts scenario 1 from the list of runs", async () => {
  const { page } = browser;
  const scenarios = (await (await page.request.get(new URL("/api/scenarios", page.url()).href)).json()) as {
    items: { name: string; title: string }[];
  };
  const title = scenarios.items.find(({ name }) => name === SCENARIO)?.title;
  await page.getByRole("button", { name: `Play ${title}`, exact: true }).click({ timeout: 10_000 });
  await page.waitForURL(/\/runs\//);
  await page.locator(".stage", { hasText: "Running" }).waitFor();
  await browser.shot("live-running");
});

it("sees the bottleneck, the decision, the second API server and the effect", async () => {
  const { page } = browser;
  const grown = page
    .locator("article", { has: page.getByRole("button", { name: GROWN }) })
    .filter({ hasText: /Applied|Helped/ });
  await grown.first().waitFor();
  await page.locator('[data-id*="api-server-2"]').waitFor({ state: "attached" });
  await grown.getByRole("button").first().click();
  await browser.shot("live-decided");
  await grown.getByText("Helped").waitFor();
  await grown.locator("tr", { hasText: "p95" }).locator("td", { hasText: /\d/ }).nth(1).waitFor();
  await browser.shot("live-grown");
});

it("changes the running system by slider and switch", async () => {
  const { page } = browser;
  const rules = page.getByRole("switch", { name: "Auto-scale" });
  await rules.click();
  await page.locator("[role=switch][aria-checked=false]").waitFor();
  await rules.click();
  await page.locator("[role=switch][aria-checked=true]").waitFor();
  await page.getByLabel("Requests per second").fill("300");
  await page.getByLabel("Requests per second").press("Enter");
  await expect.poll(achieved, { timeout: 30_000 }).toBeLessThan(330);
  expect(await achieved()).toBeGreaterThan(270);
  await browser.shot("live-changed");
});

it("loses nothing when the connection breaks or the page is loaded again", async () => {
  const { page } = browser;
  const told = () => page.locator(".fc-timeline article time").allTextContents();
  const before = await told();
  cable.cut();
  await page.locator("[data-notice=disconnected]").waitFor();
  await page.locator("[data-notice=disconnected]").waitFor({ state: "detached" });
  expect(await told()).toEqual(expect.arrayContaining(before));
  await page.reload();
  await page.getByRole("button", { name: GROWN }).first().waitFor();
  expect(await told()).toEqual(expect.arrayContaining(before));
  await page.getByText("Metrics", { exact: true }).click();
  await page.locator(".fc-plot canvas").first().waitFor();
  await browser.shot("live-reloaded");
});

it("shows the result, and any second of the run", async () => {
  const { page } = browser;
  await page.locator(".stage", { hasText: "Objectives met" }).waitFor();
  expect(await browser.violations()).toEqual([]);
  await browser.shot("live-result");
  await page.locator("[data-time]").fill("5");
  await page.locator('[data-id*="api-server-2"]').waitFor({ state: "detached" });
  await browser.shot("live-scrubbed");
  await page.keyboard.press("l");
  await page.locator('[data-id*="api-server-2"]').waitFor({ state: "attached" });
  expect(browser.errors.filter((error) => !error.includes("WebSocket"))).toEqual([]);
});
