import { expect, it } from "vitest";
import { Backoff } from "./backoff";

it("waits longer each time, and gives up", () => {
  const backoff = new Backoff();
  expect([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next(10))).toEqual([
    250,
    500,
    1_000,
    2_000,
    4_000,
    8_000,
    null,
  ]);
});

it("begins anew after a long run, and when told so", () => {
  const backoff = new Backoff();
  backoff.next(10);
  backoff.next(10);
  expect(backoff.next(60_000)).toBe(250);
  expect(backoff.next(10)).toBe(500);
  backoff.reset();
  expect(backoff.next(10)).toBe(250);
});
