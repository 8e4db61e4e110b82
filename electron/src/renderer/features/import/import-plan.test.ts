import { expect, it } from "vitest";
import type { FieldView, RecordView } from "../../shared/api/schema";
import type { Fields } from "../records/commands";
import type { Value } from "../values/value";
import { guessMapping, matchByKey, planImport } from "./import-plan";

const field = (name: string, type: string): FieldView => ({
  field_id: name,
  name,
  type,
  mode: "discrete",
  options: [],
});
const fields = [field("day_rate", "float"), field("name", "text")];

it("matches headings with fields by name", () => {
  expect(guessMapping(["Name", "Day rate", "Shoe size"], fields)).toEqual(["name", "day_rate", null]);
});

it("reads rows, leaves out empty ones, and tells which cells do not fit", () => {
  const rows = [
    ["Ada", "120"],
    ["", ""],
    ["Bo", "a lot"],
  ];
  const plan = planImport(rows, ["name", "day_rate"], fields, () => null);
  expect(plan.records).toEqual([{ name: "Ada", day_rate: 120 }, { name: "Bo" }]);
  expect(plan.faults).toEqual([{ row: 3, column: "day_rate", text: "a lot", expected: "a number" }]);
});

const record = (entity_id: string, values: Record<string, Value>): RecordView => ({
  broken: [],
  conflicts: [],
  entity_id,
  fields: values,
});

it("changes the records whose key is the same, only where they differ", () => {
  const existing = [record("a", { name: "Lantern", count: 3 }), record("b", { name: "Stool", count: 4 })];
  const rows = [
    { name: "lantern", count: 9 },
    { name: "Stool", count: 4 },
    { name: "Chair", count: 1 },
  ];
  const matched = matchByKey(rows, "name", existing);
  expect(matched.updates).toEqual([{ entity: "a", fields: { name: "lantern", count: 9 } }]);
  expect(matched.additions).toEqual([{ name: "Chair", count: 1 }]);
  expect(matched.same).toBe(1);
});

it("guesses nothing where several records have the key, and makes one record of a repeated new key", () => {
  const existing = [record("a", { name: "Lantern" }), record("b", { name: "Lantern" })];
  const rows: Fields[] = [
    { name: "Lantern", count: 1 },
    { name: "Rope", count: 1 },
    { name: "Rope", count: 2 },
    { count: 5 },
  ];
  const matched = matchByKey(rows, "name", existing);
  expect(matched.ambiguous).toBe(1);
  expect(matched.updates).toEqual([]);
  expect(matched.additions).toEqual([{ name: "Rope", count: 2 }, { count: 5 }]);
});
