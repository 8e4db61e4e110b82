/** What a paste would do, told before it is done. */
import type { FieldView, RecordView } from "../../shared/api/schema";
import type { Fields } from "../records/commands";
import { type FindByLabel, parseValue, sameValue } from "../values/value";

export type PasteFault = { row: number; column: string; text: string; expected: string };

export type PastePlan = {
  updates: { entity: string; fields: Fields }[];
  /** Records to be made, in order. */
  additions: Fields[];
  /** Cells that are left as they are, since their field does not take the text; rows are those of the block, from 1. */
  faults: PasteFault[];
  /** How many cells will be written. */
  cells: number;
  /** How many columns of the block lie beyond the last column of the table. */
  beyond: number;
};

/**
 * Plans to write `block` over `fields`, whose first is that of the focused cell. `targets` are the records from the
 * focused one on; rows beyond them are added.
 */
export function planPaste(
  block: readonly (readonly string[])[],
  fields: readonly FieldView[],
  targets: readonly (RecordView | undefined)[],
  find: FindByLabel,
): PastePlan {
  const plan: PastePlan = { updates: [], additions: [], faults: [], cells: 0, beyond: 0 };
  for (const [index, row] of block.entries()) {
    plan.beyond = Math.max(plan.beyond, row.length - fields.length);
    const target = targets[index];
    const written: Fields = {};
    for (const [offset, text] of row.entries()) {
      const field = fields[offset];
      if (!field) continue;
      const parsed = parseValue(text, field, find);
      if ("error" in parsed) {
        plan.faults.push({ row: index + 1, column: field.name, text, expected: parsed.error });
      } else if (target ? !sameValue(target.fields[field.name], parsed.value) : parsed.value !== null) {
        written[field.name] = parsed.value;
        plan.cells++;
      }
    }
    if (!target) plan.additions.push(written);
    else if (Object.keys(written).length > 0)
      plan.updates.push({ entity: target.entity_id, fields: written });
  }
  return plan;
}

/** The block repeated until it fills a selection that is a multiple of it, as spreadsheets do. */
export function spread(block: string[][], rows: number, columns: number): string[][] {
  const height = block.length;
  const width = Math.max(0, ...block.map((row) => row.length));
  if (height === 0 || width === 0 || rows % height !== 0 || columns % width !== 0) return block;
  if (rows <= height && columns <= width) return block;
  return Array.from({ length: Math.max(rows, height) }, (_, row) =>
    Array.from(
      { length: Math.max(columns, width) },
      (_, column) => block[row % height]?.[column % width] ?? "",
    ),
  );
}
