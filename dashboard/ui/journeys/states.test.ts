import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { FixtureServer } from "../bench/server";
import { type Play, readSession } from "../bench/session";
import { Browser } from "./browser";

const play = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));
const { id } = play.snapshot.run;

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

/** Serves a session up to the last message of a kind that fits, and nothing after it. */
async function serve(until?: (message: Play["steps"][number]["message"]) => boolean): Promise<string> {
  const end =
    until === undefined ? play.steps.length : play.steps.findIndex(({ message }) => until(message)) + 1;
  const plays = new Map([[id, { ...play, steps: play.steps.slice(0, end) }]]);
  server = new FixtureServer({ dist: "dist", plays, pace: 50 });
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

it("without runs, says how to begin one", async () => {
  server = new FixtureServer({ dist: "dist", plays: new Map(), pace: 1 });
  await browser.page.goto(`http://127.0.0.1:${await server.listen()}`);
  await browser.page.getByText("No run yet").waitFor();
  await look("empty");
});

it("of a run that is not there, says so and leads back", async () => {
  const url = await serve();
  await browser.page.goto(`${url}/runs/nobody`);
  await browser.page.getByRole("heading", { name: "This run cannot be shown" }).waitFor();
  await browser.page.getByText("This run is not there").waitFor();
  await look("gone");
  await browser.page.getByRole("link", { name: "All runs" }).click();
  await browser.page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
});

it("while the control plane is away, goes on and locks what could not be done", async () => {
  const url = await serve((message) => message.type === "phase" && !message.phase.controlPlane.ok);
  const { page } = browser;
  await page.goto(`${url}/runs/${id}`);
  await page.locator("[data-notice=controlPlane]").waitFor();
  await page.locator('[data-id="replica/api-server/api-server-2"]').waitFor({ state: "attached" });
  const stop = page.getByRole("button", { name: /^Stop/ });
  await expect.poll(() => stop.getAttribute("aria-disabled")).toBe("true");
  await expect.poll(() => stop.getAttribute("title")).toContain("control plane is unreachable");
  await look("unreachable");
});

it("to those who may not change a run, says why on each control", async () => {
  const url = await serve((message) => message.type === "control");
  const { page } = browser;
  const reason = "ada may not patch simulations in team-a";
  await page.route("**/api/session", (route) =>
    route.fulfill({
      json: {
        user: "ada",
        mode: "Cluster",
        namespace: "team-a",
        server: "fixture",
        access: [{ action: "patch simulations", allowed: false, reason }],
      },
    }),
  );
  await page.goto(`${url}/runs/${id}`);
  await page.locator('[data-id="replica/api-server/api-server-2"]').waitFor({ state: "attached" });
  for (const name of [/^Pause/, /^Stop/, /^Multiply traffic by 2/]) {
    const button = page.getByRole("button", { name }).first();
    await expect.poll(() => button.getAttribute("title")).toBe(reason);
    await button.click({ force: true });
  }
  await expect.poll(() => page.getByRole("switch").getAttribute("title")).toBe(reason);
  expect(await page.getByRole("button", { name: "End this run now" }).count()).toBe(0);
  await look("forbidden");
});

it("when the server cannot list runs, says what it said", async () => {
  const url = await serve();
  await browser.page.route("**/api/simulations", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify({
        title: "Service Unavailable",
        status: 503,
        detail: "the control plane does not answer",
      }),
    }),
  );
  await browser.page.goto(url);
  await browser.page.getByText("the control plane does not answer").waitFor();
  await look("failed");
});

// A socket that is taken over stays so: this comes last.
it("while a run loads, shows the shape of what comes", async () => {
  const url = await serve();
  await browser.page.routeWebSocket(/\/ws/, () => {});
  await browser.page.goto(`${url}/runs/${id}`);
  await browser.page.getByRole("heading", { name: "Loading" }).waitFor({ state: "attached" });
  await look("loading");
});
