import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompressed } from "./precompressed";

export default defineConfig({
  plugins: [react(), precompressed()],
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, sourcemap: false, manifest: true },
  worker: { format: "es" },
  // While one works on the pages: SCOPE_URL=http://127.0.0.1:8080 npx vite
  server: { host: "127.0.0.1", proxy: { "/api": process.env.SCOPE_URL ?? "http://127.0.0.1:8080" } },
  // A test that waits says for how long itself; how busy the machine is changes nothing.
  test: { environment: "happy-dom", testTimeout: 60_000, include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
