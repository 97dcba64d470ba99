import { defineConfig } from "vitest/config";

// Journeys start a browser each, one after the other.
export default defineConfig({
  test: {
    include: ["journeys/*.test.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
});
