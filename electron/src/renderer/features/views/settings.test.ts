import { expect, it } from "vitest";
import { PLAIN_VIEW } from "../grid/view";
import { looksLike, readSettings, settingsWords, writeSettings } from "./settings";

const FIELDS = [
  { field_id: "f1", name: "state", type: "enum" },
  { field_id: "f2", name: "count", type: "integer" },
];
const VIEW = {
  ...PLAIN_VIEW,
  order: ["f2", "f1"],
  hidden: ["f2"],
  sort: [{ field: "count", descending: true }],
  filter: {
    join: "or" as const,
    tests: [{ field: "state", op: "=" as const, text: "Broken" }],
    groups: [{ join: "and" as const, tests: [{ field: "count", op: ">" as const, text: "3" }] }],
  },
  group: "state",
};

it("reads what it wrote, but for the widths and the name it was saved under", () => {
  const { order, hidden, frozen, sort, filter, group } = VIEW;
  const text = writeSettings({ ...VIEW }, FIELDS);
  expect(readSettings(text, FIELDS)).toEqual({ order, hidden, frozen, sort, filter, group });
  expect(text).not.toContain("widths");
  expect(text).not.toContain("state");
});

it("follows a field that is called something else now, and leaves out one that is gone", () => {
  const text = writeSettings(VIEW, FIELDS);
  const renamed = [{ field_id: "f1", name: "condition", type: "enum" }];
  expect(readSettings(text, renamed)).toMatchObject({
    sort: [],
    filter: { tests: [{ field: "condition" }], groups: [{ tests: [] }] },
    group: "condition",
  });
});

it("keeps what it does not know of settings that it knows", () => {
  const before = '{"version":1,"colour":"red","group":"f2"}';
  expect(JSON.parse(writeSettings(PLAIN_VIEW, FIELDS, before))).toMatchObject({ colour: "red", group: null });
});

it("does not read what a later version wrote, nor what is no view at all", () => {
  for (const text of ['{"version":2,"group":"f1"}', '{"group":"f1"}', "[1]", "null", "", "{"]) {
    expect(readSettings(text, FIELDS)).toBeNull();
    expect(settingsWords(text, FIELDS)).toBe("Made by a newer version of OpenProd");
  }
});

it("makes the best of settings of another shape", () => {
  const text =
    '{"version":1,"order":7,"sort":["f1",{"field":"f1"}],"filter":{"tests":[{"field":"f1"}]},"frozen":-2}';
  expect(readSettings(text, FIELDS)).toEqual({
    order: [],
    hidden: [],
    frozen: 0,
    sort: [{ field: "state", descending: false }],
    filter: { join: "and", tests: [] },
    group: null,
  });
});

it("tells two ways of looking apart, whatever the widths", () => {
  expect(looksLike(VIEW, { ...VIEW, widths: { f1: 300 } } as typeof VIEW, FIELDS)).toBe(true);
  expect(looksLike(VIEW, { ...VIEW, group: null }, FIELDS)).toBe(false);
});

it("tells settings in words", () => {
  expect(settingsWords(writeSettings(VIEW, FIELDS), FIELDS)).toBe(
    "state is Broken or (count more than 3) · grouped by state · by count, descending · 1 column hidden · " +
      "columns in an order of their own",
  );
  expect(settingsWords(writeSettings(PLAIN_VIEW, FIELDS), FIELDS)).toBe("All records, plainly");
});
