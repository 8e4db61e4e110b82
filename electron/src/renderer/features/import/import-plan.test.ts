import { expect, it } from "vitest";
import type { FieldView } from "../../shared/api/schema";
import { guessMapping, planImport } from "./import-plan";

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
