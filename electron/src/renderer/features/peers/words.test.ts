import fc from "fast-check";
import { expect, it } from "vitest";
import { WORDS } from "./word-list";
import { wordsOf } from "./words";

it("has a word of its own for every byte", () => {
  expect(new Set(WORDS).size).toBe(256);
  expect(WORDS.every((word) => /^[a-z]+$/.test(word))).toBe(true);
});

it("says the same however the text was broken into lines", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), async (text) => {
      expect(await wordsOf(`  ${text}\r\n`)).toEqual(await wordsOf(text));
    }),
  );
});

it("says something else of another invitation", async () => {
  expect(await wordsOf("openprod:abc")).not.toEqual(await wordsOf("openprod:abd"));
  expect(await wordsOf("openprod:abc")).toHaveLength(5);
});
