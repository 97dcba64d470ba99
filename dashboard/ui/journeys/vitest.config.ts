import { defineConfig } from "vitest/config";

// Journeys start a browser each, one after the other.
export default defineConfig({
  test: {
    include: ["journeys/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
