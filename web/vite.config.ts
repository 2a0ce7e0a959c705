// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

// `npm run dev` talks to a running server; PANO_API names it.
const api = process.env["PANO_API"] ?? "http://127.0.0.1:8686";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { port: 5173, proxy: { "/api": api, "/healthz": api } },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node", testTimeout: 60_000 },
});
