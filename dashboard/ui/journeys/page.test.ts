import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FixtureServer } from "../bench/server";
import { readSession } from "../bench/session";
import { Browser } from "./browser";

const play = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));

describe.each(["light", "dark"] as const)("the page, %s", (scheme) => {
  let server: FixtureServer;
  let browser: Browser;
  let url: string;

  beforeEach(async () => {
    server = new FixtureServer({ dist: "dist", plays: new Map([[play.snapshot.run.id, play]]), pace: 20 });
    url = `http://127.0.0.1:${await server.listen()}`;
    browser = await Browser.open(scheme);
  });

  afterEach(async () => {
    await browser.close();
    await server.close();
  });

  const shot = (name: string) => browser.shot(`${scheme}-${name}`);

  it("opens a decision with its reason, and has nothing that axe objects to", async () => {
    const { page } = browser;
    await page.goto(`${url}/runs/${play.snapshot.run.id}`);
    await page.getByText("Objectives met").waitFor();
    await page
      .getByRole("button", { name: /Add replica · api-server/ })
      .first()
      .click();
    await page.getByText("Effect measured").waitFor();
    await shot("decision");
    expect(await browser.violations()).toEqual([]);
    expect(browser.errors).toEqual([]);
  });

  it("shows the same components as a table", async () => {
    const { page } = browser;
    await page.goto(`${url}/runs/${play.snapshot.run.id}`);
    await page.getByText("Objectives met").waitFor();
    await page.getByText("Table", { exact: true }).click();
    await page.getByRole("button", { name: "api-server-2", exact: true }).waitFor();
    await shot("table");
    expect(await browser.violations()).toEqual([]);
  });

  it("charts the run, and goes back in time by keys", async () => {
    const { page } = browser;
    await page.goto(`${url}/runs/${play.snapshot.run.id}`);
    await page.getByText("Objectives met").waitFor();
    await page.getByText("Metrics", { exact: true }).click();
    await page.locator(".fc-plot canvas").first().waitFor();
    await shot("metrics");
    await page.keyboard.press("Escape");
    await page.locator("[data-time]").focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.locator(".fc-scrubber .fc-clock", { hasText: "00:44" }).waitFor();
    await shot("scrubbed");
  });

  it("says that it is away, and comes back with every decision", async () => {
    const { page } = browser;
    await page.goto(`${url}/runs/${play.snapshot.run.id}`);
    await page.getByText("Objectives met").waitFor();
    server.leave();
    await page.locator("[data-notice=disconnected]").waitFor();
    await shot("disconnected");
    server.comeBack();
    await page.locator("[data-notice=disconnected]").waitFor({ state: "detached" });
    await page
      .getByRole("button", { name: /Add replica · api-server/ })
      .first()
      .waitFor();
  });

  it("lists the runs and how to begin one", async () => {
    await browser.page.goto(url);
    await browser.page.getByRole("link", { name: play.snapshot.run.name }).waitFor();
    await shot("home");
    expect(await browser.violations()).toEqual([]);
  });
});
