import fc from "fast-check";
import { expect, it } from "vitest";
import { at, move, rangeOf, sizeOf, step } from "./selection";

const extent = { rows: 10, columns: 4 };
const key = (name: string, shift = false, ctrl = false) => ({ key: name, shift, ctrl });

it("moves by arrows and stops at the edges", () => {
  expect(move(at(0, 0), key("ArrowUp"), extent, 5)).toEqual(at(0, 0));
  expect(move(at(0, 0), key("ArrowDown"), extent, 5)).toEqual(at(1, 0));
  expect(move(at(3, 3), key("ArrowRight"), extent, 5)).toEqual(at(3, 3));
  expect(move(at(3, 1), key("ArrowDown", false, true), extent, 5)).toEqual(at(9, 1));
  expect(move(at(3, 1), key("End", false, true), extent, 5)).toEqual(at(9, 3));
});

it("extends the range with Shift, from the anchor", () => {
  const down = move(at(2, 1), key("ArrowDown", true), extent, 5);
  const wide = down && move(down, key("ArrowRight", true), extent, 5);
  expect(wide && rangeOf(wide)).toEqual({ top: 2, bottom: 3, left: 1, right: 2 });
  expect(wide && sizeOf(rangeOf(wide))).toBe(4);
});

it("steps through cells in reading order", () => {
  expect(step(at(0, 3), false, extent)).toEqual(at(1, 0));
  expect(step(at(1, 0), true, extent)).toEqual(at(0, 3));
  expect(step(at(9, 3), false, extent)).toEqual(at(9, 3));
  expect(step(at(0, 0), false, { rows: 0, columns: 4 })).toBeNull();
});

it("never leaves the table, whatever keys are pressed", () => {
  const keys = fc.constantFrom(
    "ArrowUp",
    "ArrowDown",
    "ArrowLeft",
    "ArrowRight",
    "PageUp",
    "PageDown",
    "Home",
    "End",
  );
  const press = fc.tuple(keys, fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(fc.array(press, { maxLength: 30 }), (presses) => {
      let now = at(5, 2);
      for (const [name, shift, ctrl] of presses) now = move(now, key(name, shift, ctrl), extent, 7) ?? now;
      const range = rangeOf(now);
      expect(range.top >= 0 && range.bottom < 10 && range.left >= 0 && range.right < 4).toBe(true);
    }),
  );
});
