import { expect, it } from "vitest";
import { add, emptyDraft } from "./draft";
import { isAbout, plain, sortFaults } from "./faults";

const first = add(emptyDraft(""), "LoadBalancer", null);
const { draft } = add(first.draft, "APIServer", first.name);

it("gives each fault to the component that it is about", () => {
  const { components, rest } = sortFaults(draft, [
    { field: "spec.components[1].capacity.cores", message: "must be at least 1" },
    { field: "spec.connections[0].calls", message: "must be at least 1" },
    { field: "spec.components[9].name", message: "nobody" },
    { field: "spec", message: "whole" },
    { field: "", message: "nothing" },
  ]);
  expect(components.get("api-server")).toEqual([{ field: "capacity.cores", message: "must be at least 1" }]);
  expect(components.get("load-balancer")).toEqual([
    { field: "calls", to: "api-server", message: "must be at least 1" },
  ]);
  expect(rest.map(({ message }) => message)).toEqual(["nobody", "whole", "nothing"]);
});

it.each([
  ["capacity.cores", "capacity.cores", true],
  ["capacity.serviceTime.mean", "capacity.serviceTime", true],
  ["cdn.regions[1]", "cdn.regions", true],
  ["capacity.coresy", "capacity.cores", false],
])("%s is about %s: %o", (field, path, expected) => {
  expect(isAbout({ field, message: "" }, path)).toBe(expected);
});

it.each([
  [
    "Invalid value: 0: spec.components[1].capacity.cores in body should be greater than or equal to 1",
    "should be greater than or equal to 1",
  ],
  ['Invalid value: "object": a cache keeps "entries": write cache', 'a cache keeps "entries": write cache'],
  ['Invalid value: "a\\"b": must be a name', "must be a name"],
  ['Unsupported value: "Big": supported values: "LRU"', 'Unsupported value: "Big": supported values: "LRU"'],
  ["the calls go round in a circle", "the calls go round in a circle"],
])("%s is told as %s", (message, told) => {
  expect(plain({ field: "spec.components[1].capacity.cores", message })).toBe(told);
});
