import { describe, expect, it } from "vitest";
import type { Named } from "./draft";
import { connectionSettings, gist, type Setting, settingsOf, textAt, withText } from "./settings";

const api: Named = {
  name: "api",
  type: "APIServer",
  capacity: { cores: 4, serviceTime: { mean: "3600us" } },
};

function setting(path: string): Setting {
  const found = settingsOf("Database")
    .flatMap(({ settings }) => settings)
    .find((one) => one.path === path);
  if (found === undefined) throw new Error(`no setting ${path}`);
  return found;
}

describe("a setting", () => {
  it("is read as text, empty when nothing is set", () => {
    expect([textAt(api, "capacity.cores"), textAt(api, "capacity.memory.limitMiB")]).toEqual(["4", ""]);
  });

  it.each([
    ["capacity.cores", "8", { cores: 8, serviceTime: { mean: "3600us" } }],
    ["capacity.cores", "", { serviceTime: { mean: "3600us" } }],
    ["capacity.serviceTime.mean", " 2ms ", { cores: 4, serviceTime: { mean: "2ms" } }],
    ["capacity.serviceTime.mean", "", { cores: 4 }],
    [
      "capacity.memory.limitMiB",
      "512",
      { cores: 4, serviceTime: { mean: "3600us" }, memory: { limitMiB: 512 } },
    ],
    ["capacity.cores", "many", { cores: "many", serviceTime: { mean: "3600us" } }],
  ])("%s written as %o", (path, text, capacity) => {
    expect(withText(api, setting(path), text)).toEqual({ ...api, capacity });
  });

  it("leaves no empty block behind, and no other component changed", () => {
    const plain: Named = { name: "db", type: "Database" };
    const limited = withText(plain, setting("database.connectionLimit"), "100");
    expect(limited.database).toEqual({ connectionLimit: 100 });
    expect(withText(limited, setting("database.connectionLimit"), "")).toEqual(plain);
    expect(plain).toEqual({ name: "db", type: "Database" });
  });

  it("of one type is not offered for another", () => {
    expect(JSON.stringify(settingsOf("Cache"))).not.toContain("database.");
  });
});

it("some words are a list, none of them nothing", () => {
  const [classes] = connectionSettings;
  if (classes === undefined) throw new Error("a connection has no settings");
  const some = withText({ from: "api", to: "db" }, classes, "Read,Write");
  expect(some).toEqual({ from: "api", to: "db", classes: ["Read", "Write"] });
  expect(textAt(some, "classes")).toBe("Read,Write");
  expect(withText(some, classes, "")).toEqual({ from: "api", to: "db" });
});

it("gist says what matters most", () => {
  expect(gist(api)).toBe("1 replica · 4 cores · 3600us");
  expect(gist({ name: "x", replicas: 3 })).toBe("3 replicas");
});
