import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The page is served by the dashboard's own binary, from its root. Nothing is
// inlined, so that the content security policy needs no exception.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    target: "es2023",
    sourcemap: false,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/ws": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
  // Patient, since a busy machine is slow: what hangs is told all the same.
  test: {
    include: ["{src,bench}/**/*.test.{ts,tsx}"],
    environment: "node",
    pool: "threads",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
