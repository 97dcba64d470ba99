import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FixtureServer } from "../bench/server";
import { Browser } from "./browser";

describe.each(["light", "dark"] as const)("the editor, %s", (scheme) => {
  let server: FixtureServer;
  let browser: Browser;
  let url: string;

  beforeEach(async () => {
    server = new FixtureServer({ dist: "dist", plays: new Map(), pace: 1 });
    url = `http://127.0.0.1:${await server.listen()}`;
    browser = await Browser.open(scheme);
  });

  afterEach(async () => {
    await browser.close();
    await server.close();
  });

  const box = (name: string) => browser.page.locator(`.react-flow__node[data-id="${name}"]`);
  const add = (type: string) =>
    browser.page.getByRole("navigation").getByRole("button", { name: type, exact: true }).click();
  const fieldOf = (name: string) => browser.page.getByRole("form").getByLabel(name, { exact: true });
  const links = () => browser.page.locator(".links g").count();
  const placeOf = async (name: string) =>
    (await box(name).getAttribute("style"))?.match(/translate\([^)]*\)/)?.[0];

  async function drag(from: { x: number; y: number }, to: { x: number; y: number }) {
    const { mouse } = browser.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
    await mouse.move(to.x, to.y, { steps: 4 });
    await mouse.up();
  }

  async function middleOf(selector: string) {
    const rect = await browser.page.locator(selector).boundingBox();
    if (rect === null) throw new Error(`${selector} is not seen`);
    return { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
  }

  async function threeTiers() {
    await browser.page.goto(`${url}/`);
    await browser.page.getByRole("link", { name: "Draw a graph" }).click();
    for (const type of ["Load balancer", "API server", "Database"]) await add(type);
    await box("database").waitFor();
  }

  it("draws a graph from nothing, is told what is wrong, and saves it", async () => {
    const { page } = browser;
    await threeTiers();
    await expect.poll(links).toBe(2);
    await box("api-server").click();
    await fieldOf("Cores").fill("0");
    await fieldOf("Cores").press("Enter");
    await page.getByText("should be from 1 to 256").waitFor();
    await box("api-server").getByText("1 fault").waitFor();
    await browser.shot(`${scheme}-graph-fault`);
    expect(await browser.violations()).toEqual([]);
    await fieldOf("Cores").fill("4");
    await fieldOf("Cores").press("Enter");
    await box("api-server").getByText("1 replica · 4 cores").waitFor();
    await page.getByRole("button", { name: "Save as ComponentGraph" }).click();
    await page.getByRole("button", { name: /^Save/ }).and(page.getByTitle("Everything is saved.")).waitFor();
    await page.reload();
    await box("api-server").getByText("1 replica · 4 cores").waitFor();
    await expect.poll(links).toBe(2);
    await page.getByText("Run", { exact: true }).click();
    await page.getByRole("button", { name: "Start the run" }).waitFor();
    await browser.shot(`${scheme}-graph-run`);
    expect(await browser.violations()).toEqual([]);
    await page.getByText("Trace", { exact: true }).click();
    const file = page.getByLabel("CSV of request counts");
    await file.setInputFiles({ name: "day.csv", mimeType: "text/csv", buffer: Buffer.from("10\nmany\n") });
    await page.getByText('Line 2: "many" is no count').waitFor();
    const day = Buffer.from("minute,requests\n0,10\n1,80\n2,25\n");
    await file.setInputFiles({ name: "day.csv", mimeType: "text/csv", buffer: day });
    await page.getByText("3 rows of day.csv").waitFor();
    await browser.shot(`${scheme}-graph-trace`);
    expect(await browser.violations()).toEqual([]);
    expect(browser.errors).toEqual([]);
  });

  it("connects by dragging and by keyboard alone, around what stands between", async () => {
    const { page } = browser;
    await threeTiers();
    const node = (name: string) => `.react-flow__node[data-id="${name}"] .react-flow__handle`;
    await drag(
      await middleOf(`${node("load-balancer")}.source`),
      await middleOf(`${node("database")}.target`),
    );
    await page.getByText("load-balancer calls database.").waitFor();
    await box("api-server").click();
    await add("Cache");
    await box("database").focus();
    await page.keyboard.press("c");
    await box("cache").focus();
    await page.keyboard.press("Enter");
    await page.getByText("database calls cache.").waitFor();
    await expect.poll(links).toBe(5);
    await browser.shot(`${scheme}-graph-connected`);
    await box("cache").focus();
    await page.keyboard.press("Delete");
    await expect.poll(links).toBe(3);
    await page.keyboard.press("Control+z");
    await expect.poll(links).toBe(5);
  });

  it("pins what is dragged, moves nothing else, and tidies so that it can be taken back", async () => {
    const { page } = browser;
    await threeTiers();
    const others = async () => [await placeOf("load-balancer"), await placeOf("database")];
    const before = await others();
    const at = await middleOf('.react-flow__node[data-id="api-server"] .title');
    await drag(at, { x: at.x + 40, y: at.y + 160 });
    await box("api-server").getByText("pinned").waitFor();
    const dragged = await placeOf("api-server");
    expect(await others()).toEqual(before);
    await page.keyboard.press("t");
    await box("api-server").getByText("pinned").waitFor({ state: "detached" });
    await expect.poll(() => placeOf("api-server")).not.toBe(dragged);
    await page.keyboard.press("Control+z");
    await expect.poll(() => placeOf("api-server")).toBe(dragged);
  });

  it("adds what is dropped on the canvas, sets a connection up, and goes along the calls by arrows", async () => {
    const { page } = browser;
    await page.goto(`${url}/graphs/new`);
    await page.getByRole("heading", { name: "Draw an architecture" }).waitFor();
    await browser.shot(`${scheme}-graph-blank`);
    expect(await browser.violations()).toEqual([]);
    const palette = page.getByRole("navigation");
    const pane = page.locator(".editing .react-flow__pane");
    await palette
      .getByRole("button", { name: "API server" })
      .dragTo(pane, { targetPosition: { x: 200, y: 400 } });
    await box("api-server").getByText("pinned").waitFor();
    await add("Message queue");
    await add("Worker");
    await box("api-server").click();
    await page.locator("summary", { hasText: "message-queue" }).click();
    await page.getByRole("checkbox", { name: "Async" }).check();
    await fieldOf("Calls").fill("2");
    await fieldOf("Calls").press("Enter");
    await browser.shot(`${scheme}-graph-connection`);
    expect(await browser.violations()).toEqual([]);
    await page.getByText("YAML", { exact: true }).click();
    await expect.poll(() => page.getByLabel("The graph as YAML").inputValue()).toContain("calls: 2");
    await expect.poll(() => page.getByLabel("The graph as YAML").inputValue()).toContain("- Async");
    await box("api-server").focus();
    await page.keyboard.press("ArrowRight");
    await expect
      .poll(() => box("message-queue").evaluate((node) => node === document.activeElement))
      .toBe(true);
  });

  it("writes YAML and draws what is pasted back", async () => {
    const { page } = browser;
    await threeTiers();
    await page.getByText("YAML", { exact: true }).click();
    const text = page.getByLabel("The graph as YAML");
    await expect.poll(() => text.inputValue()).toContain("api-server");
    await text.fill((await text.inputValue()).replaceAll("api-server", "checkout"));
    await page.getByRole("button", { name: "Draw this YAML" }).click();
    await box("checkout").waitFor();
    await expect.poll(links).toBe(2);
    await browser.shot(`${scheme}-graph-yaml`);
    expect(await browser.violations()).toEqual([]);
  });
});
