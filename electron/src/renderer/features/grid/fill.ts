/** Filling: which cells a drag of the handle reaches, and which cell each of them repeats. */
import type { FieldView } from "../../shared/api/schema";
import { editText, type FindByLabel, parseValue, type Value } from "../values/value";
import type { Place, Range } from "./selection";

/** The range that a fill from `from` reaches when the pointer is over a cell: along one axis, the one it left further. */
export function reach(from: Range, over: Place): Range {
  const down = over.row - from.bottom;
  const up = from.top - over.row;
  const right = over.column - from.right;
  const left = from.left - over.column;
  const vertical = Math.max(down, up, 0);
  const horizontal = Math.max(right, left, 0);
  if (vertical === 0 && horizontal === 0) return from;
  if (vertical >= horizontal) {
    return down > 0 ? { ...from, bottom: over.row } : { ...from, top: over.row };
  }
  return right > 0 ? { ...from, right: over.column } : { ...from, left: over.column };
}

export type Filled = { to: Place; of: Place };

/** The cells of `reached` beyond `from`, each with the cell of `from` that it repeats. */
export function fillCells(from: Range, reached: Range): Filled[] {
  const height = from.bottom - from.top + 1;
  const width = from.right - from.left + 1;
  const filled: Filled[] = [];
  for (let row = reached.top; row <= reached.bottom; row++) {
    for (let column = reached.left; column <= reached.right; column++) {
      const inside = row >= from.top && row <= from.bottom && column >= from.left && column <= from.right;
      if (inside) continue;
      filled.push({
        to: { row, column },
        of: {
          row: from.top + modulo(row - from.top, height),
          column: from.left + modulo(column - from.left, width),
        },
      });
    }
  }
  return filled;
}

/** A value of one field as another takes it; `undefined` where it does not. */
export function convert(
  value: Value | undefined,
  from: FieldView,
  to: FieldView,
  find: FindByLabel,
): Value | undefined {
  if (value === null || value === undefined) return null;
  if (from.field_id === to.field_id || (from.type === to.type && to.type !== "enum")) return value;
  const parsed = parseValue(editText(value, from), to, find);
  return "error" in parsed ? undefined : parsed.value;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
