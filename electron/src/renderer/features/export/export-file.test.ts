import { expect, it } from "vitest";
import type { FieldView, RecordView } from "../../shared/api/schema";
import { readBlock } from "../grid/tsv";
import { parseValue } from "../values/value";
import { exportText, fileName, writeFile } from "./export-file";

const field = (name: string, type: string): FieldView => ({
  field_id: name,
  name,
  type,
  mode: "discrete",
  options: [],
  reference: null,
});
const record = (fields: RecordView["fields"]): RecordView => ({
  broken: [],
  conflicts: [],
  entity_id: "e",
  fields,
});

it("writes what reads back as the same values", async () => {
  const fields = [
    field("name", "text"),
    field("count", "integer"),
    field("on", "date"),
    field("runs", "duration"),
  ];
  const values = { name: 'Chair; "folding"\nblue, old', count: 1234, on: "2026-11-21", runs: "PT1H30M" };
  const file = await writeFile([record(values)], fields, "csv");
  const [headings, row] = readBlock((await file.text()).replace(/^\ufeff/, ""), ",");
  expect(headings).toEqual(["name", "count", "on", "runs"]);
  fields.forEach((one, index) => {
    expect(parseValue(row?.[index] ?? "", one)).toEqual({ value: values[one.name as keyof typeof values] });
  });
});

it("leaves nothing in cells without a value", () => {
  expect(exportText(null, field("count", "integer"))).toBe("");
  expect(exportText(undefined, field("name", "text"))).toBe("");
});

it("names files as every file system takes them", () => {
  expect(fileName("Props", null, "csv")).toBe("Props.csv");
  expect(fileName("LX: cues/1", "to check?", "tsv")).toBe("LX_ cues_1 – to check_.tsv");
});
