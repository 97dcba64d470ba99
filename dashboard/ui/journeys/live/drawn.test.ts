import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { clipped, linksThroughBoxes, places } from "../picture";
import { Visit } from "./visit";

let visit: Visit;

beforeAll(async () => {
  visit = await Visit.begin("reduce");
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await visit.browser.shot("drawn-failed");
});

afterAll(async () => {
  await visit?.end();
});

const box = (name: string) => visit.browser.page.locator(`.react-flow__node[data-id="${name}"]`);

async function set(name: string, text: string): Promise<void> {
  const field = visit.browser.page.getByRole("form").getByLabel(name, { exact: true });
  await field.fill(text);
  await field.press("Enter");
}

it("draws a graph, and is told by the API server what to write instead", async () => {
  const { page } = visit.browser;
  await page.getByRole("link", { name: "Draw a graph" }).click();
  for (const type of ["Load balancer", "API server", "Database"]) {
    await page.getByRole("navigation").getByRole("button", { name: type, exact: true }).click();
  }
  await page.getByLabel("Name of the graph").fill("by-hand");
  await page.getByLabel("Name of the graph").press("Enter");
  await box("api-server").click();
  await set("Cores", "0");
  await page.getByText("should be greater than or equal to 1").first().waitFor();
  await set("Cores", "many");
  await page.locator(".ed-form .wrong", { hasText: "integer" }).waitFor();
  await set("Cores", "2");
  await set("Service time, mean", "2ms");
  await box("api-server").getByText("1 replica · 2 cores · 2ms").waitFor();
  await visit.shots("drawn-graph");
});

it("is told what only the whole graph shows", async () => {
  const { page } = visit.browser;
  await box("database").focus();
  await page.keyboard.press("c");
  await box("load-balancer").focus();
  await page.keyboard.press("Enter");
  await page.locator(".react-flow__pane").click({ position: { x: 20, y: 200 } });
  await page.locator(".ed-fault", { hasText: "the calls go round in a circle" }).waitFor();
  await visit.shots("drawn-fault");
  expect(await visit.browser.violations()).toEqual([]);
  await page.keyboard.press("Control+z");
  await page.getByText("The API server takes this graph.").waitFor();
});

it("saves it as a ComponentGraph, whose YAML is what kubectl takes", async () => {
  const { page } = visit.browser;
  await page.getByRole("button", { name: "Save as ComponentGraph" }).click();
  await page.getByTitle("Everything is saved.").waitFor();
  await page.waitForURL(/\/graphs\/(?!new)/);
  await page.reload();
  await box("api-server").getByText("1 replica · 2 cores · 2ms").waitFor();
  await page.getByText("YAML", { exact: true }).click();
  const text = page.getByLabel("The graph as YAML");
  await expect.poll(() => text.inputValue()).toContain("kind: ComponentGraph");
  await text.fill((await text.inputValue()).replace("cores: 2", "cores: 3"));
  await page.getByRole("button", { name: "Draw this YAML" }).click();
  await box("api-server").getByText("3 cores").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByTitle("Everything is saved.").waitFor();
  await visit.shots("drawn-yaml");
});

it("runs it, and sees it live", async () => {
  const { page } = visit.browser;
  await page.getByText("Run", { exact: true }).click();
  await page.getByLabel("Duration").fill("40");
  await page.getByLabel("From").fill("200");
  await page.getByLabel("Peak").fill("300");
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.waitForURL(/\/runs\//);
  await visit.stage("Running");
  for (const name of ["load-balancer", "api-server", "database"]) {
    const rate = page.locator(`[data-id="component/${name}"] [data-slot="rate"]`);
    await expect.poll(async () => Number(await rate.textContent()), { timeout: 60_000 }).toBeGreaterThan(150);
  }
  // Rules may have begun to let it grow already.
  expect(Object.keys(await places(page))).toEqual(
    expect.arrayContaining(["component/load-balancer", "component/api-server", "component/database"]),
  );
  expect([await clipped(page), await linksThroughBoxes(page)]).toEqual([[], []]);
  await visit.shots("drawn-running");
  await visit.stage("Objectives met");
  await visit.shots("drawn-result");
  // What a browser says of the answers that were asked for: a text that is no number, a version overtaken by the status.
  const asked = /status of (422|409)/;
  expect(visit.browser.errors.filter((error) => !asked.test(error))).toEqual([]);
});
