import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { clipped, links, linksThroughBoxes, places } from "../picture";
import { Visit } from "./visit";

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin("no-preference");
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await visit.browser.shot("large-failed");
});

afterAll(async () => {
  await visit?.end();
});

/** Waits for a box by its key. */
async function appears(key: string): Promise<void> {
  await visit.browser.page.locator(`[data-id="${key}"]`).waitFor({ state: "attached" });
}

it("starts scenario 3, which is too much for its two components", async () => {
  await visit.play("scenario-3");
  await appears("component/api-server");
  await appears("component/database");
  expect(await links(visit.browser.page)).toEqual(["api-server>database"]);
  await visit.shots("large-running");
});

it("sees a whole architecture grow, while what was there stays where it is", async () => {
  const { page } = visit.browser;
  const before = await places(page);
  for (const key of [
    "component/cdn",
    "component/load-balancer",
    "component/cache",
    "component/database-replica",
    "replica/api-server/api-server-3",
  ]) {
    await appears(key);
    await visit.browser.shot(`large-${key.split("/").at(-1)}`);
  }
  const after = await places(page);
  expect(after["component/database"]).toBe(before["component/database"]);
  expect(after["replica/api-server/api-server-1"]).toBe(before["component/api-server"]);
  expect(await links(page)).toEqual(
    expect.arrayContaining([
      "cdn>load-balancer",
      "load-balancer>api-server",
      "api-server>cache",
      "api-server>database",
      "api-server>database-replica",
    ]),
  );
  expect(await linksThroughBoxes(page)).toEqual([]);
});

it("opens the reason of each of its decisions", async () => {
  const { page } = visit.browser;
  await page
    .locator(".fc-timeline")
    .getByText(/^Applied/)
    .first()
    .click();
  for (const title of [
    /Insert load balancer/,
    /Insert CDN/,
    /Add read replica/,
    /Add replica · api-server/,
    /Insert cache/,
  ]) {
    const card = page.locator("article", { has: page.getByRole("button", { name: title }) }).first();
    await card.getByRole("button", { name: title }).click();
    await card.locator(".fc-stages").waitFor();
    expect(await card.locator(".fc-reason").textContent()).toMatch(/\d/);
  }
  await page
    .locator("article", { has: page.getByRole("button", { name: /Insert cache/ }) })
    .first()
    .evaluate((card) => card.scrollIntoView({ block: "start" }));
  await page.locator("[data-notice=rules]").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Fit" }).click();
  await visit.shots("large-grown");
});

it("shows the whole of it when it has ended", async () => {
  const { page } = visit.browser;
  await page.getByText("Recorded", { exact: true }).waitFor({ timeout: 150_000 });
  expect(await page.locator(".stage").textContent()).toBe("Objectives met");
  expect(await clipped(page)).toEqual([]);
  expect(await linksThroughBoxes(page)).toEqual([]);
  expect(await visit.browser.violations()).toEqual([]);
  await visit.shots("large-result");
  await page.locator("[data-time]").fill("3");
  await page.locator('[data-id="component/cdn"]').waitFor({ state: "detached" });
  await visit.shots("large-scrubbed");
  expect(visit.browser.errors).toEqual([]);
});
