import { expect, it } from "vitest";
import { add, emptyDraft } from "./draft";
import { isAbout, sortFaults } from "./faults";

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
