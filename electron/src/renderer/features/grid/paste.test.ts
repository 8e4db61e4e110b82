import { expect, it } from "vitest";
import type { FieldView, RecordView } from "../../shared/api/schema";
import { groupLines } from "./items";
import { planPaste, spread } from "./paste";

const field = (name: string, type: string, mode = "discrete"): FieldView => ({
  field_id: name,
  name,
  type,
  mode,
  options: [],
});
const fields = [field("label", "text"), field("page", "integer"), field("shown", "text", "reference")];
const record = (id: string, label: string, page: number | null): RecordView => ({
  entity_id: id,
  fields: { label, page },
  conflicts: [],
  broken: [],
});
const nobody = () => null;

it("writes over what is there and adds what is beyond", () => {
  const plan = planPaste(
    [
      ["a", "1"],
      ["b", "2"],
    ],
    fields,
    [record("x", "old", 1)],
    nobody,
  );
  expect(plan.updates).toEqual([{ entity: "x", fields: { label: "a" } }]);
  expect(plan.additions).toEqual([{ label: "b", page: 2 }]);
  expect([plan.cells, plan.faults.length, plan.beyond]).toEqual([3, 0, 0]);
});

it("tells which cells their fields do not take, and leaves those as they are", () => {
  const plan = planPaste([["a", "many", "x", "far"]], fields, [record("x", "old", 1)], nobody);
  expect(plan.faults.map((fault) => [fault.row, fault.column, fault.text])).toEqual([
    [1, "page", "many"],
    [1, "shown", "x"],
  ]);
  expect(plan.updates).toEqual([{ entity: "x", fields: { label: "a" } }]);
  expect(plan.beyond).toBe(1);
});

it("repeats a block over a selection that is a multiple of it", () => {
  expect(spread([["a"]], 2, 2)).toEqual([
    ["a", "a"],
    ["a", "a"],
  ]);
  expect(spread([["a"], ["b"]], 3, 1)).toEqual([["a"], ["b"]]);
});

it("groups sorted records and leaves out those of closed groups", () => {
  const records = [record("a", "x", 1), record("b", "x", 2), record("c", "y", 3)];
  const lines = groupLines(records, fields[0] as FieldView, new Set(['"y"']));
  expect(lines).toEqual([
    { kind: "group", key: '"x"', value: "x", count: 2, open: true },
    { kind: "record", row: 0 },
    { kind: "record", row: 1 },
    { kind: "group", key: '"y"', value: "y", count: 1, open: false },
  ]);
});
