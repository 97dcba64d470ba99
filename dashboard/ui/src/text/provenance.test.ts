import { expect, it } from "vitest";
import { LINK_RATE, provenance, TOTALS } from "./provenance";

it("a number says where it comes from", () => {
  const cpu = { name: "cpu", title: "CPU", unit: "%", explanation: "over the last 10 s" } as const;
  expect(provenance({ ...cpu, source: "measured" })).toBe(
    "CPU: measured in the running system. over the last 10 s",
  );
  expect(provenance({ ...cpu, source: "declared" })).toContain("declared in the graph");
});

it("so do the numbers of the whole run and of links", () => {
  for (const text of [...Object.values(TOTALS), LINK_RATE]) expect(text).toMatch(/measured|declared/);
});
