/** What importing a file would do: which column goes to which field, which cells do not fit. */
import type { FieldView, RecordView } from "../../shared/api/schema";
import type { Fields } from "../records/commands";
import { type FindByLabel, isEntity, parseValue, sameValue, type Value } from "../values/value";

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

export type Matched = {
  additions: Fields[];
  updates: { entity: string; fields: Fields }[];
  /** Rows whose record says the same already. */
  same: number;
  /** Rows whose key several records have: they are left out, since any choice would be a guess. */
  ambiguous: number;
};

function keyOf(value: Value | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value.trim().toLowerCase();
  return isEntity(value) ? value.entity : JSON.stringify(value);
}

/**
 * Tells rows that change a record from those that make one, by the value of one field. Only what differs is written;
 * cells that are empty in the file leave alone what is there. A row without a key makes a record; of several rows with
 * one key, later ones go over earlier ones.
 */
export function matchByKey(rows: readonly Fields[], key: string, existing: readonly RecordView[]): Matched {
  const byKey = new Map<string, RecordView | null>();
  for (const record of existing) {
    const value = keyOf(record.fields[key]);
    if (value !== null) byKey.set(value, byKey.has(value) ? null : record);
  }
  const matched: Matched = { additions: [], updates: [], same: 0, ambiguous: 0 };
  const added = new Map<string, Fields>();
  const updated = new Map<string, { entity: string; fields: Fields }>();
  for (const row of rows) {
    const value = keyOf(row[key]);
    const record = value === null ? undefined : byKey.get(value);
    if (record === null) {
      matched.ambiguous++;
    } else if (record) {
      const fields = Object.fromEntries(
        Object.entries(row).filter(([name, next]) => !sameValue(record.fields[name], next)),
      );
      const before = updated.get(record.entity_id);
      if (before) Object.assign(before.fields, fields);
      else if (Object.keys(fields).length === 0) matched.same++;
      else {
        const update = { entity: record.entity_id, fields };
        updated.set(record.entity_id, update);
        matched.updates.push(update);
      }
    } else {
      const before = value === null ? undefined : added.get(value);
      if (before) Object.assign(before, row);
      else {
        const fields = { ...row };
        if (value !== null) added.set(value, fields);
        matched.additions.push(fields);
      }
    }
  }
  return matched;
}
