import { defineConfig } from "vitest/config";

/** Real engines and a real browser: one file after the other, so that figures of speed mean something. */
export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
