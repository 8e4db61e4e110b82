import { expect, it } from "vitest";
import { arrange, type Cell } from "./change";

type Change = Cell & { value: boolean | string };
const change = (entity_id: string, kind: string, value: boolean | string): Change => ({
  entity_id,
  kind,
  value,
  table: "Props",
});
const told = (changes: Change[]) =>
  arrange(
    changes,
    (one) => one,
    (one) => one.value,
  ).map(({ change: { entity_id, kind }, first, made }) => [entity_id, kind, first, made]);

it("tells a record that was made by its fields, with its name once", () => {
  const made = [
    change("a", "existence", true),
    change("a", "membership", true),
    change("a", "field", "Rope"),
    change("a", "field", "12"),
    change("b", "field", "Lost"),
  ];
  expect(told(made)).toEqual([
    ["a", "field", true, true],
    ["a", "field", false, true],
    ["b", "field", true, false],
  ]);
});

it("tells one that was made without fields, and what was deleted or taken out of a table", () => {
  expect(told([change("a", "existence", true), change("a", "membership", true)])).toEqual([
    ["a", "existence", true, true],
  ]);
  expect(told([change("a", "existence", false), change("b", "membership", false)])).toEqual([
    ["a", "existence", true, false],
    ["b", "membership", true, false],
  ]);
});
