import { expect, it } from "vitest";
import { firstLoad } from "./size";

const manifest = {
  "index.html": { file: "a/index.js", isEntry: true, dynamicImports: ["run"] },
  _shared: { file: "a/shared.js" },
  run: { file: "a/run.js", imports: ["index.html", "_shared"], dynamicImports: ["charts"] },
  charts: { file: "a/charts.js" },
  style: { file: "a/index.css" },
};

it("counts the entry, the page and what they import, once, but not what comes later", () => {
  expect(firstLoad(manifest, "run")).toEqual(["a/index.js", "a/run.js", "a/shared.js"]);
});

it("says which page is missing", () => {
  expect(() => firstLoad(manifest, "graph")).toThrow(/no graph/);
});
