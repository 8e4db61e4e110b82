import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { Value } from "../values/value";
import { changeItems, type Item, itemsFrom, Keys, placeOf, readItem, type Step } from "./items";

const shown = (items: readonly Item[]) => items.map((item) => item.value);

/** A list in a document, and what is shown of it. */
function listed(values: Value[]) {
  const keys = new Keys();
  const list = new Y.Doc().getArray<Value>("list");
  list.insert(0, values);
  let items = itemsFrom(list.toArray(), keys);
  list.observe((event) => {
    items = changeItems(items, event.changes.delta as Step[], keys);
  });
  return { list, keys: () => items.map((item) => item.key), items: () => items };
}

describe("items of a list", () => {
  it("keep their keys when others come and go", () => {
    const { list, keys, items } = listed(["a", "b", "c"]);
    const [a, , c] = keys();
    list.insert(0, ["first"]);
    list.delete(2, 1);
    expect(shown(items())).toEqual(["first", "a", "c"]);
    expect(keys().slice(1)).toEqual([a, c]);
  });

  it("keep their keys when they are moved", () => {
    const { list, keys, items } = listed(["a", "b", "c"]);
    const [a, b, c] = keys();
    list.doc?.transact(() => {
      list.delete(0, 1);
      list.insert(2, ["a"]);
    });
    expect(shown(items())).toEqual(["b", "c", "a"]);
    expect(keys()).toEqual([b, c, a]);
  });

  it("follow the list through any changes, each under a key of its own", () => {
    const step = fc.tuple(fc.nat(20), fc.nat(3), fc.array(fc.constantFrom("a", "b", 7), { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), (changes) => {
        const { list, keys, items } = listed(["a", "b", "a"]);
        for (const change of changes) {
          list.doc?.transact(() => {
            for (const [at, removed, added] of change) {
              const from = Math.min(at, list.length);
              list.delete(from, Math.min(removed, list.length - from));
              list.insert(from, added);
            }
          });
          expect(shown(items())).toEqual(list.toArray());
          expect(new Set(keys()).size).toBe(list.length);
        }
      }),
    );
  });

  it("stay numbers as long as they read as such", () => {
    expect(readItem(" 12.5 ", 3)).toBe(12.5);
    expect(readItem("12", "3")).toBe("12");
    expect(readItem("twelve", 3)).toBe("twelve");
    expect(readItem("1e3", 3)).toBe("1e3");
  });

  it("move to the place of the one they are dropped on, unless that is gone", () => {
    const items = itemsFrom(["a", "b", "c"], new Keys());
    expect(placeOf(items, 1, 3)).toEqual({ from: 0, to: 2 });
    expect(placeOf(items, 2, 2)).toBeNull();
    expect(placeOf(items, 1, 99)).toBeNull();
  });
});
