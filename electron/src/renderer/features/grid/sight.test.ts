import fc from "fast-check";
import { expect, it } from "vitest";
import { ROW_HEIGHT } from "./row";
import { SPARE, sightOf } from "./sight";

it("holds every line in sight, and never draws more lines than there are slots", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2e6, noNaN: true }), fc.nat(4_000), (top, height) => {
      const { first, last, slots } = sightOf(top, height);
      expect(first * ROW_HEIGHT).toBeLessThanOrEqual(top);
      expect((last + 1) * ROW_HEIGHT).toBeGreaterThanOrEqual(top + height);
      expect(last + SPARE - (first - SPARE) + 1).toBeLessThanOrEqual(slots);
    }),
  );
});
