import { defineConfig } from "vite";

/**
 * The desktop program: its main process and its preload script, each in one file (a preload script that runs in the
 * sandbox can load no other). `--mode` says which.
 */
export default defineConfig(({ mode }) => ({
  build: {
    outDir: "dist-desktop",
    emptyOutDir: mode === "main",
    target: "node22",
    minify: false,
    reportCompressedSize: false,
    lib: { entry: `src/${mode}/${mode}.ts`, formats: ["cjs"], fileName: () => `${mode}.cjs` },
    rolldownOptions: { external: ["electron", /^node:/] },
  },
}));
