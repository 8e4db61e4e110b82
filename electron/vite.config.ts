import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where a running engine answers while the page itself comes from Vite: `OPENPROD_URL=http://127.0.0.1:PORT npm run dev`. */
const engine = process.env.OPENPROD_URL;

const routes =
  "^/(workspace|tables|records|edges|overlays|conflicts|history|peers|sync|text|session|health|openapi|undo|redo|field-mappings|doctor|ws)";

export default defineConfig({
  root: "src/renderer",
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../../dist",
    emptyOutDir: true,
    target: "es2023",
    // The policy of the page forbids inline scripts, styles and data: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: engine
    ? { proxy: { [routes]: { target: engine, changeOrigin: true, ws: true, headers: { origin: engine } } } }
    : {},
});
