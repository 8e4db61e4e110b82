import fc from "fast-check";
import { expect, it } from "vitest";
import { guessSeparator, readBlock, writeBlock } from "./tsv";

const cell = fc.string({
  unit: fc.constantFrom("a", '"', "\t", "\n", "\r", ",", " ", "é", "🎭"),
  maxLength: 6,
});
const block = fc
  .integer({ min: 1, max: 4 })
  .chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
  );

it("reads back every block that it writes", () => {
  fc.assert(
    fc.property(block, fc.constantFrom("\t", ",", ";"), (rows, separator) => {
      // A last row of one empty cell is written as nothing, which is also how a line break at the end reads.
      fc.pre(rows.at(-1)?.join("") !== "" || (rows.at(-1)?.length ?? 0) > 1);
      expect(readBlock(writeBlock(rows, separator), separator)).toEqual(rows);
    }),
  );
});

it("takes a line break at the end as the end of a row", () => {
  expect(readBlock("a\tb\r\nc\td\r\n")).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

it("keeps empty cells and rows", () => {
  expect(readBlock("a\t\n\nb\t")).toEqual([["a", ""], [""], ["b", ""]]);
});

it("leaves a quote that encloses no cell as it is", () => {
  expect(readBlock('5"\t"x" y\t"open')).toEqual([['5"', '"x" y', '"open']]);
});

it("never fails, whatever is pasted", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(Array.isArray(readBlock(text))).toBe(true);
    }),
  );
});

it("guesses the separator by the first line", () => {
  expect(guessSeparator("name;role\nAnna, Berta;Cast")).toBe(";");
  expect(guessSeparator("name,role\n")).toBe(",");
  expect(guessSeparator("name\trole")).toBe("\t");
});
