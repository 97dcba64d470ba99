import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The page is served by the dashboard's own binary, from its root.
export default defineConfig({
  plugins: [react()],
  build: { outDir: "dist", target: "es2023", sourcemap: false, chunkSizeWarningLimit: 600, manifest: true },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/ws": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
