import { expect, it } from "vitest";
import type { FieldView } from "../../shared/api/schema";
import { convert, fillCells, reach } from "./fill";

const range = (top: number, left: number, bottom: number, right: number) => ({ top, left, bottom, right });
const field = (field_id: string, type: string, options: string[] = []): FieldView => ({
  field_id,
  name: field_id,
  type,
  mode: "discrete",
  options,
  reference: null,
});
const find = () => null;

it("goes along the axis that was left further", () => {
  const from = range(2, 2, 3, 3);
  expect(reach(from, { row: 6, column: 4 })).toEqual(range(2, 2, 6, 3));
  expect(reach(from, { row: 0, column: 2 })).toEqual(range(0, 2, 3, 3));
  expect(reach(from, { row: 3, column: 7 })).toEqual(range(2, 2, 3, 7));
  expect(reach(from, { row: 2, column: 0 })).toEqual(range(2, 0, 3, 3));
  expect(reach(from, { row: 3, column: 2 })).toEqual(from);
});

it("repeats the block in its order, downwards and upwards", () => {
  const from = range(2, 0, 3, 0);
  const down = fillCells(from, range(2, 0, 6, 0));
  expect(down.map(({ to, of }) => [to.row, of.row])).toEqual([
    [4, 2],
    [5, 3],
    [6, 2],
  ]);
  const up = fillCells(from, range(0, 0, 3, 0));
  expect(up.map(({ to, of }) => [to.row, of.row])).toEqual([
    [0, 2],
    [1, 3],
  ]);
});

it("takes a value into another column only where it fits", () => {
  expect(convert(7, field("a", "integer"), field("b", "text"), find)).toBe("7");
  expect(convert("seven", field("a", "text"), field("b", "integer"), find)).toBeUndefined();
  expect(convert("Lost", field("a", "enum", ["Lost"]), field("b", "enum", ["Ready"]), find)).toBeUndefined();
  expect(convert(null, field("a", "text"), field("b", "integer"), find)).toBeNull();
});
