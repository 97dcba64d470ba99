import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { clipped, linksThroughBoxes, places } from "../picture";
import { Visit } from "./visit";

const GROWN = /Add replica · api-server/;

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin("reduce");
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await visit.browser.shot("live-failed");
});

afterAll(async () => {
  await visit?.end();
});

/** The rate that the page says is sent, in requests a second. */
async function achieved(): Promise<number> {
  const told = await visit.browser.page.locator(".fc-pair dd").nth(1).textContent();
  return Number.parseFloat((told ?? "").replaceAll(",", ""));
}

/** The decisions that the page shows, by their ids. */
function shown(): Promise<string[]> {
  return visit.browser.page
    .locator("[data-decision]")
    .evaluateAll((cards) => cards.map((card) => card.getAttribute("data-decision") ?? ""));
}

it("starts scenario 1 from the list of runs", async () => {
  await visit.browser.page
    .getByRole("button", { name: /^Play / })
    .first()
    .waitFor();
  await visit.shots("live-home");
  expect(await visit.browser.violations()).toEqual([]);
  await visit.play("scenario-1");
  await visit.shots("live-running");
  expect(await clipped(visit.browser.page)).toEqual([]);
});

it("sees the bottleneck, the decision, the second API server and the effect", async () => {
  const { page } = visit.browser;
  const before = await places(page);
  const grown = page
    .locator("article", { has: page.getByRole("button", { name: GROWN }) })
    .filter({ hasText: /Applied|Helped/ });
  await grown.first().waitFor();
  await page.locator('[data-id="replica/api-server/api-server-2"]').waitFor({ state: "attached" });
  await grown.getByRole("button").first().click();
  await visit.shots("live-decided");
  await grown.getByText("Helped").waitFor();
  const after = await places(page);
  expect(after).toMatchObject({
    "component/load-balancer": before["component/load-balancer"],
    "replica/api-server/api-server-1": before["component/api-server"],
    "component/database": before["component/database"],
  });
  expect(await linksThroughBoxes(page)).toEqual([]);
  await visit.shots("live-grown");
});

it("changes the running system by slider and switch", async () => {
  const { page } = visit.browser;
  const rules = page.getByRole("switch", { name: "Auto-scale" });
  await rules.click();
  await page.locator("[role=switch][aria-checked=false]").waitFor();
  await rules.click();
  await page.locator("[role=switch][aria-checked=true]").waitFor();
  await page.getByLabel("Requests per second").fill("300");
  await page.getByLabel("Requests per second").press("Enter");
  await expect.poll(async () => Math.abs((await achieved()) - 300)).toBeLessThan(30);
  await visit.shots("live-changed");
});

it("loses nothing when the connection breaks or the page is loaded again", async () => {
  const { page } = visit.browser;
  const before = await shown();
  expect(before).not.toEqual([]);
  visit.cable.cut();
  await page.locator("[data-notice=disconnected]").waitFor();
  visit.cable.mend();
  await page.locator("[data-notice=disconnected]").waitFor({ state: "detached" });
  await expect.poll(shown).toEqual(expect.arrayContaining(before));
  await page.reload();
  await page.getByRole("button", { name: GROWN }).first().waitFor();
  await expect.poll(shown).toEqual(expect.arrayContaining(before));
  await page.getByText("Metrics", { exact: true }).click();
  await page.locator(".fc-plot canvas").first().waitFor();
  await visit.shots("live-metrics");
  await page.getByText("Table", { exact: true }).click();
  await page.getByRole("button", { name: "api-server-2", exact: true }).waitFor();
  await visit.shots("live-table");
  await page.getByText("Canvas", { exact: true }).click();
  await page.getByText("Decisions", { exact: true }).first().click();
});

it("stops the run, and shows its result and any second of it", async () => {
  const { page } = visit.browser;
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "End this run now" }).click();
  await visit.stage("Stopped early");
  const held = (await visit.decisions()).map(({ id }) => id).sort();
  await expect.poll(async () => (await shown()).sort()).toEqual(held);
  expect(await visit.browser.violations()).toEqual([]);
  await visit.shots("live-result");
  await page.locator("[data-time]").fill("5");
  await page.locator('[data-id="replica/api-server/api-server-2"]').waitFor({ state: "detached" });
  await visit.shots("live-scrubbed");
  await page.keyboard.press("l");
  await page.locator('[data-id="replica/api-server/api-server-2"]').waitFor({ state: "attached" });
  expect(visit.browser.errors.filter((error) => !error.includes("WebSocket"))).toEqual([]);
});
