import { expect, it } from "vitest";
import { add, emptyDraft } from "./draft";
import { sortFaults } from "./faults";

const first = add(emptyDraft(""), "LoadBalancer", null);
const { draft } = add(first.draft, "APIServer", first.name);

it("gives each fault to the component that it is about", () => {
  const { components, rest } = sortFaults(draft, [
    { field: "spec.components[1].capacity.cores", message: "must be at least 1" },
    { field: "spec.connections[0].to", message: "is not there" },
    { field: "spec.components[9].name", message: "nobody" },
    { field: "spec", message: "whole" },
    { field: "", message: "nothing" },
  ]);
  expect(components.get("api-server")).toEqual([{ field: "capacity.cores", message: "must be at least 1" }]);
  expect(components.get("load-balancer")).toEqual([{ field: "to api-server", message: "is not there" }]);
  expect(rest.map(({ message }) => message)).toEqual(["nobody", "whole", "nothing"]);
});
