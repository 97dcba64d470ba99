import type { Page } from "playwright-core";

/** Where each box stands on the canvas, by its key; the camera does not matter. */
export function places(page: Page): Promise<Record<string, string>> {
  return page.locator(".react-flow__node").evaluateAll((nodes) => {
    const boxes = nodes as HTMLElement[];
    return Object.fromEntries(boxes.map((box) => [box.dataset.id ?? "", box.style.transform]));
  });
}

/** The boxes that reach beyond the canvas as it is seen. */
export function clipped(page: Page): Promise<string[]> {
  return page.locator(".canvas").evaluate((canvas) => {
    const seen = canvas.getBoundingClientRect();
    return [...canvas.querySelectorAll<HTMLElement>(".react-flow__node")]
      .filter((node) => {
        const { left, top, right, bottom } = node.getBoundingClientRect();
        return left < seen.left || top < seen.top || right > seen.right || bottom > seen.bottom;
      })
      .map((node) => node.dataset.id ?? "");
  });
}

/** The links that are drawn, each from > to. */
export function links(page: Page): Promise<string[]> {
  return page
    .locator("[data-link]")
    .evaluateAll((groups) => groups.map((group) => group.getAttribute("data-link") ?? ""));
}

/** The links that run through a box that is not an end of theirs. */
export function linksThroughBoxes(page: Page): Promise<string[]> {
  return page.locator(".canvas").evaluate((canvas) => {
    const boxes = [...canvas.querySelectorAll<HTMLElement>(".react-flow__node")].flatMap((node) => {
      const [shape, component = ""] = (node.dataset.id ?? "").split("/");
      return shape === "frame" ? [] : [{ component, rect: node.getBoundingClientRect() }];
    });
    return [...canvas.querySelectorAll<SVGGElement>("[data-link]")].flatMap((group) => {
      const id = group.dataset.link ?? "";
      const path = group.querySelector("path");
      const toScreen = path?.getScreenCTM();
      if (path == null || toScreen == null) return [];
      const others = boxes.filter(({ component }) => !id.split(">").includes(component));
      const through = new Set<string>();
      for (let way = 0; way <= path.getTotalLength(); way += 3) {
        const { x, y } = path.getPointAtLength(way).matrixTransform(toScreen);
        for (const { component, rect } of others) {
          if (x > rect.left && x < rect.right && y > rect.top && y < rect.bottom) through.add(component);
        }
      }
      return [...through].map((component) => `${id} through ${component}`);
    });
  });
}
