/**
 * What a saved view says, as the team keeps it: JSON with a version, in which fields go by their ids, so that renaming one
 * changes nothing. Widths of columns are left out: every screen has its own.
 */
import type { FieldView } from "../../shared/api/schema";
import { type FilterDraft, operatorName, type Test } from "../grid/filter";
import { PLAIN_VIEW, type View } from "../grid/view";

/** The version that this page writes, and the only one that it can read. */
const VERSION = 1;

type Field = Pick<FieldView, "field_id" | "name" | "type">;

/** What a view shows, as far as it is shared. */
export type Shown = Pick<View, "order" | "hidden" | "frozen" | "sort" | "filter" | "group">;

/** The settings as this page reads them; `null` of those that it cannot read, as a later version may have written them. */
export function readSettings(text: string, fields: readonly Field[]): Shown | null {
  const kept = parse(text);
  if (!kept) return null;
  const name = (id: unknown) => fields.find((field) => field.field_id === id)?.name;
  return {
    order: strings(kept.order),
    hidden: strings(kept.hidden),
    frozen: typeof kept.frozen === "number" ? Math.max(0, Math.trunc(kept.frozen)) : PLAIN_VIEW.frozen,
    sort: objects(kept.sort).flatMap((key) => {
      const field = name(key.field);
      return field === undefined ? [] : [{ field, descending: key.descending === true }];
    }),
    filter: named(kept.filter, name),
    group: name(kept.group) ?? null,
  };
}

/**
 * The settings that show a table as `view` does. What `before` said besides is kept: another version of this page may
 * know what it means.
 */
export function writeSettings(view: Shown, fields: readonly Field[], before = ""): string {
  const id = (named: string | null) => fields.find((field) => field.name === named)?.field_id;
  const numbered = (filter: FilterDraft): unknown => ({
    join: filter.join,
    tests: filter.tests.flatMap((test) => {
      const field = id(test.field);
      return field === undefined ? [] : [{ field, op: test.op, text: test.text }];
    }),
    ...(filter.groups?.length ? { groups: filter.groups.map(numbered) } : {}),
  });
  return JSON.stringify({
    ...parse(before),
    version: VERSION,
    order: view.order,
    hidden: view.hidden,
    frozen: view.frozen,
    sort: view.sort.flatMap(({ field, descending }) => {
      const of = id(field);
      return of === undefined ? [] : [{ field: of, descending }];
    }),
    filter: numbered(view.filter),
    group: id(view.group) ?? null,
  });
}

/** Whether two ways to look at a table look the same. */
export function looksLike(one: Shown, other: Shown, fields: readonly Field[]): boolean {
  return writeSettings(one, fields) === writeSettings(other, fields);
}

/** Settings in words: “state is Broken · by count, descending · 2 columns hidden”. */
export function settingsWords(text: string, fields: readonly Field[]): string {
  const shown = readSettings(text, fields);
  if (!shown) return "Made by a newer version of OpenProd";
  const type = (name: string) => fields.find((field) => field.name === name)?.type ?? "text";
  const tests = (filter: FilterDraft): string =>
    [
      ...filter.tests.map((test) =>
        `${test.field} ${operatorName(test.op, type(test.field))} ${test.text}`.trim(),
      ),
      ...(filter.groups ?? []).map((group) => `(${tests(group)})`),
    ].join(` ${filter.join} `);
  const filtered = tests(shown.filter);
  const told = [
    ...(filtered ? [filtered] : []),
    ...(shown.group === null ? [] : [`grouped by ${shown.group}`]),
    ...shown.sort.map(({ field, descending }) => `by ${field}${descending ? ", descending" : ""}`),
    ...(shown.hidden.length > 0
      ? [`${shown.hidden.length} ${shown.hidden.length === 1 ? "column" : "columns"} hidden`]
      : []),
    ...(shown.order.length > 0 ? ["columns in an order of their own"] : []),
    ...(shown.frozen === PLAIN_VIEW.frozen ? [] : [`${shown.frozen} columns stay in sight`]),
  ];
  return told.join(" · ") || "All records, plainly";
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const kept: unknown = JSON.parse(text);
    return isObject(kept) && kept.version === VERSION ? kept : null;
  } catch {
    return null;
  }
}

function named(kept: unknown, name: (id: unknown) => string | undefined): FilterDraft {
  const filter = isObject(kept) ? kept : {};
  const tests = objects(filter.tests).flatMap((test): Test[] => {
    const field = name(test.field);
    return field === undefined || typeof test.text !== "string"
      ? []
      : [{ field, op: test.op as Test["op"], text: test.text }];
  });
  const groups = objects(filter.groups).map((group) => named(group, name));
  return { join: filter.join === "or" ? "or" : "and", tests, ...(groups.length > 0 ? { groups } : {}) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
