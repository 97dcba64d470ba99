import type { Page } from "playwright-core";

/** Opens a run and waits until it is live and its boxes are painted. */
export async function openRun(page: Page, base: string, id: string): Promise<void> {
  await page.goto(`${base}/runs/${encodeURIComponent(id)}`);
  await page.locator(".run-header .link", { hasText: "Live" }).waitFor();
  await page.locator('.box[data-health]:not([data-health="unknown"])').first().waitFor();
}

/**
 * CPU time of the page's main thread in milliseconds a second, over some seconds:
 * scripts, style, layout, painting and whatever else Chromium counts as a task.
 */
export async function mainThread(page: Page, seconds: number): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const [began, before] = [performance.now(), await read()];
  await page.waitForTimeout(seconds * 1000);
  const [ended, after] = [performance.now(), await read()];
  await session.detach();
  return ((after - before) * 1000) / ((ended - began) / 1000);
}

/** Pictures that the page drew in a second, over some seconds. */
export function frameRate(page: Page, seconds: number): Promise<number> {
  return page.evaluate(
    (span) =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        let frames = 0;
        const count = (now: number) => {
          frames++;
          if (now - began < span * 1000) requestAnimationFrame(count);
          else resolve((frames * 1000) / (now - began));
        };
        requestAnimationFrame(count);
      }),
    seconds,
  );
}

/** Size of the smallest name of a box, in pixels of the screen. */
export function smallestName(page: Page): Promise<number> {
  return page.evaluate(() => {
    const sizes = [...document.querySelectorAll<HTMLElement>(".canvas .box .title")].map((title) => {
      const zoom = title.getBoundingClientRect().height / title.offsetHeight;
      return Number.parseFloat(getComputedStyle(title).fontSize) * zoom;
    });
    return Math.min(...sizes);
  });
}

/** Boxes that were there before and are elsewhere after. */
export function moved(before: Readonly<Record<string, string>>, after: typeof before): number {
  return Object.entries(before).filter(([key, place]) => key in after && after[key] !== place).length;
}

/** Milliseconds from moving the scrubber to a second until that is painted. */
export function seek(page: Page, second: number): Promise<number> {
  return page.evaluate(
    (to) =>
      new Promise<number>((resolve, reject) => {
        const input = document.querySelector<HTMLInputElement>("[data-time]");
        if (input === null) throw new Error("there is no scrubber");
        const began = performance.now();
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, String(to));
        input.dispatchEvent(new Event("input", { bubbles: true }));
        // The page paints metrics in the next frame; what comes after that frame's callbacks is painted.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            const took = performance.now() - began;
            if (document.querySelector<HTMLInputElement>("[data-time]")?.value === String(to)) resolve(took);
            else reject(new Error(`the page did not go to second ${to}`));
          }),
        );
      }),
    second,
  );
}
