/** What stands in each line of the grid: a record, or the heading of a group. */
import type { FieldView, RecordView } from "../../shared/api/schema";
import { isEntity, type Value } from "../values/value";

export type GroupLine = { kind: "group"; key: string; value: Value; count: number; open: boolean };
export type Line = { kind: "record"; row: number } | GroupLine;

/** A name for a group that is the same as long as its value is. */
export function groupKey(value: Value | undefined): string {
  return isEntity(value) ? value.entity : JSON.stringify(value ?? null);
}

/**
 * Groups records that are sorted by the field already. Records of a closed group are left out; `count` counts those
 * that are loaded.
 */
export function groupLines(
  records: readonly RecordView[],
  field: FieldView,
  closed: ReadonlySet<string>,
): Line[] {
  const lines: Line[] = [];
  const groups: GroupLine[] = [];
  for (const [row, record] of records.entries()) {
    const value = record.fields[field.name] ?? null;
    const key = groupKey(value);
    let group = groups.at(-1);
    if (group?.key !== key) {
      group = { kind: "group", key, value, count: 0, open: !closed.has(key) };
      groups.push(group);
      lines.push(group);
    }
    group.count++;
    if (group.open) lines.push({ kind: "record", row });
  }
  return lines;
}
