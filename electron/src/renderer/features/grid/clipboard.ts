/** What goes to the clipboard: text for other programs, and the exact values for ourselves. */
import type { FieldView, RecordView } from "../../shared/api/schema";
import { knownLabel } from "../records/labels";
import { editText, isEntity } from "../values/value";
import { writeBlock } from "./tsv";

/** Under this, records are named by id: a name may stand for several. */
export const CELLS_TYPE = "application/x-openprod-cells";

export function copyBlock(
  records: readonly RecordView[],
  fields: readonly FieldView[],
): { shown: string; exact: string } {
  const text = (exact: boolean) =>
    writeBlock(
      records.map((record) =>
        fields.map((field) => {
          const value = record.fields[field.name];
          if (isEntity(value) && !exact) return knownLabel(value.entity)?.text ?? value.entity;
          return editText(value, field);
        }),
      ),
    );
  return { shown: text(false), exact: text(true) };
}
