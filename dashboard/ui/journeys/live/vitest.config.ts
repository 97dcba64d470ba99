import { defineConfig } from "vitest/config";

// One cluster, one browser, one run: the journeys build on each other.
export default defineConfig({
  test: {
    include: ["journeys/live/*.test.ts"],
    fileParallelism: false,
    bail: 1,
    testTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 240_000,
  },
});
