import { expect, it } from "vitest";
import type { FieldView } from "../../shared/api/schema";
import { columnsOf, moveField, PLAIN_VIEW, shiftField, type View } from "./view";

const fields = ["a", "b", "c", "d"].map(
  (id): FieldView => ({
    field_id: id,
    name: id.toUpperCase(),
    type: "text",
    mode: "discrete",
    options: [],
    reference: null,
  }),
);
const view = (change: Partial<View>): View => ({ ...PLAIN_VIEW, ...change });

it("moves a column before another, and to the end", () => {
  expect(moveField(fields, PLAIN_VIEW, "c", "a")).toEqual(["c", "a", "b", "d"]);
  expect(moveField(fields, PLAIN_VIEW, "a", null)).toEqual(["b", "c", "d", "a"]);
});

it("shifts a column past the next one that is shown", () => {
  const hidden = view({ hidden: ["b"] });
  expect(shiftField(fields, hidden, "c", -1)).toEqual(["c", "a", "b", "d"]);
  expect(shiftField(fields, PLAIN_VIEW, "b", 1)).toEqual(["a", "c", "b", "d"]);
  expect(shiftField(fields, PLAIN_VIEW, "a", -1)).toBeNull();
  expect(shiftField(fields, PLAIN_VIEW, "d", 1)).toBeNull();
});

it("shows new fields last and keeps frozen ones first", () => {
  const columns = columnsOf(fields, view({ order: ["b"], frozen: 1 }));
  expect(columns.map((column) => column.field.field_id)).toEqual(["b", "a", "c", "d"]);
  expect(columns.map((column) => column.frozen)).toEqual([true, false, false, false]);
});
