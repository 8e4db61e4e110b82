/** What importing a file would do: which column goes to which field, which cells do not fit. */
import type { FieldView } from "../../shared/api/schema";
import type { Fields } from "../records/commands";
import { type FindByLabel, parseValue } from "../values/value";

export type ImportFault = { row: number; column: string; text: string; expected: string };
export type ImportPlan = { records: Fields[]; faults: ImportFault[]; faulty: number };

const FAULTS_KEPT = 200;

/** Matches headings with fields by name, whatever the case, spaces and punctuation; `null` leaves a column out. */
export function guessMapping(headings: readonly string[], fields: readonly FieldView[]): (string | null)[] {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const free = fields.filter((field) => field.mode !== "reference");
  return headings.map((heading) => free.find((field) => plain(field.name) === plain(heading))?.name ?? null);
}

/** Reads rows by the mapping. Cells that do not fit are left empty and told; rows are counted from 1. */
export function planImport(
  rows: readonly (readonly string[])[],
  mapping: readonly (string | null)[],
  fields: readonly FieldView[],
  find: FindByLabel,
): ImportPlan {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const plan: ImportPlan = { records: [], faults: [], faulty: 0 };
  for (const [index, row] of rows.entries()) {
    if (row.every((text) => text.trim() === "")) continue;
    const record: Fields = {};
    for (const [column, name] of mapping.entries()) {
      const field = name === null ? undefined : byName.get(name);
      if (!field) continue;
      const text = row[column] ?? "";
      const parsed = parseValue(text, field, find);
      if ("value" in parsed) {
        if (parsed.value !== null) record[field.name] = parsed.value;
        continue;
      }
      plan.faulty++;
      if (plan.faults.length < FAULTS_KEPT) {
        plan.faults.push({ row: index + 1, column: field.name, text, expected: parsed.error });
      }
    }
    plan.records.push(record);
  }
  return plan;
}
