import { defineConfig } from "vitest/config";

/** Real engines and a real browser: one file after the other, so that figures of speed mean something. */
export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.test.ts"],
    fileParallelism: false,
    // How long to wait says nothing about speed, which has figures of its own: a busy machine fails no test of what is done.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
