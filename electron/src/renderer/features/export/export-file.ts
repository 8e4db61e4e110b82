/** What goes into an exported file: the rows and columns that are seen, as text that other programs read. */
import { get } from "../../shared/api/client";
import type { FieldView, RecordView } from "../../shared/api/schema";
import type { Listing } from "../grid/row-store";
import { writeBlock } from "../grid/tsv";
import { knownLabel, whenLabelled } from "../records/labels";
import { editText, isEntity, type Value } from "../values/value";

/** As many as the engine gives at once. */
const PAGE = 1_000;

export type Format = "csv" | "tsv";

/** Asks all rows of a listing, page by page. Stops with the signal's reason when it is aborted. */
export async function readAll(
  listing: Listing,
  on: { progress: (done: number, total: number) => void; signal: AbortSignal },
): Promise<RecordView[]> {
  const records: RecordView[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...listing, limit: PAGE, ...(cursor ? { cursor } : {}) };
    const page = await get("/records/list", query as { table: string }, { signal: on.signal });
    records.push(...page.records);
    on.progress(records.length, page.total);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return records;
}

/** A cell for other programs: what reads back as the same value, and records by their names. */
export function exportText(value: Value | undefined, field: FieldView): string {
  if (isEntity(value)) return knownLabel(value.entity)?.text ?? value.entity;
  return editText(value, field);
}

/** The file: headings, then a line a record; UTF-8 with a mark, so that spreadsheets read it as such. */
export async function writeFile(
  records: readonly RecordView[],
  fields: readonly FieldView[],
  format: Format,
): Promise<Blob> {
  const linked = new Set<string>();
  for (const record of records) {
    for (const field of fields) {
      const value = record.fields[field.name];
      if (isEntity(value)) linked.add(value.entity);
    }
  }
  await whenLabelled(linked);
  const rows = [
    fields.map((field) => field.name),
    ...records.map((record) => fields.map((field) => exportText(record.fields[field.name], field))),
  ];
  const text = writeBlock(rows, format === "csv" ? "," : "\t");
  const type = format === "csv" ? "text/csv;charset=utf-8" : "text/tab-separated-values;charset=utf-8";
  return new Blob(["\ufeff", text, "\r\n"], { type });
}

/** A name that every file system takes: “Props – Lost.csv”. */
export function fileName(table: string, view: string | null, format: Format): string {
  const plain = [table, view]
    .filter(Boolean)
    .join(" – ")
    .replace(/[\\/:*?"<>|\p{Cc}]+/gu, "_")
    .trim();
  return `${plain || "export"}.${format}`;
}

/** Hands a file to the person's downloads. */
export function download(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun by the next task; the address is not needed after that.
  setTimeout(() => URL.revokeObjectURL(address));
}
