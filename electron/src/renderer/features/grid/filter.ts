/** Filters and sorts as a person composes them, and as the engine takes them. */
import { type FieldShape, parseValue, type Value } from "../values/value";

export type Operator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "contains"
  | "starts_with"
  | "is_empty"
  | "is_not_empty";

export type Test = { field: string; op: Operator; text: string };
/** Tests joined by one word; groups of tests, each joined by a word of its own, count as one test each. */
export type FilterDraft = { join: "and" | "or"; tests: Test[]; groups?: FilterDraft[] };
export type SortKey = { field: string; descending: boolean };

export const NO_FILTER: FilterDraft = { join: "and", tests: [] };

const WORDS: Record<Operator, string> = {
  "=": "is",
  "!=": "is not",
  "<": "less than",
  "<=": "at most",
  ">": "more than",
  ">=": "at least",
  contains: "contains",
  starts_with: "starts with",
  is_empty: "is empty",
  is_not_empty: "is not empty",
};
const TIME_WORDS: Partial<Record<Operator, string>> = {
  "<": "before",
  "<=": "until",
  ">": "after",
  ">=": "from",
};

export function operatorName(op: Operator, type: string): string {
  return (type === "date" || type === "datetime" ? TIME_WORDS[op] : undefined) ?? WORDS[op];
}

export function operatorsFor(type: string): Operator[] {
  const empty: Operator[] = ["is_empty", "is_not_empty"];
  switch (type) {
    case "text":
    case "crdt_text":
      return ["contains", "starts_with", "=", "!=", ...empty];
    case "boolean":
      return ["=", ...empty];
    case "enum":
    case "entity":
      return ["=", "!=", ...empty];
    case "blob":
    case "crdt_list":
      return empty;
    default:
      return ["=", "!=", "<", "<=", ">", ">=", ...empty];
  }
}

export function needsText(op: Operator): boolean {
  return op !== "is_empty" && op !== "is_not_empty";
}

type Comparison = { field: string; op: string; value?: Value };
type EngineFilter = Comparison | { and: EngineFilter[] } | { or: EngineFilter[] };

/**
 * The filter for the engine; `undefined` when nothing is tested. Tests that are not finished, or name no field of the
 * table, are left out, so that the rows do not vanish while somebody types.
 */
export function filterJson(draft: FilterDraft, fields: readonly FieldShape[]): string | undefined {
  const filter = engineFilter(draft, fields);
  return filter === undefined ? undefined : JSON.stringify(filter);
}

/** How many conditions a filter has, those of its groups too. */
export function countTests(draft: FilterDraft): number {
  return draft.tests.length + (draft.groups ?? []).reduce((sum, group) => sum + countTests(group), 0);
}

function engineFilter(draft: FilterDraft, fields: readonly FieldShape[]): EngineFilter | undefined {
  const own = draft.tests.flatMap((test): EngineFilter[] => {
    const field = fields.find((known) => known.name === test.field);
    if (!field) return [];
    if (test.op === "is_empty") return [{ field: test.field, op: "is_empty" }];
    // The engine has no “not empty”: an empty cell differs from nothing but itself.
    if (test.op === "is_not_empty") return [{ field: test.field, op: "!=", value: null }];
    if (test.text === "") return [];
    if (test.op === "contains" || test.op === "starts_with")
      return [{ field: test.field, op: test.op, value: test.text }];
    const parsed = parseValue(test.text, { ...field, mode: "discrete" });
    return "value" in parsed && parsed.value !== null
      ? [{ field: test.field, op: test.op, value: parsed.value }]
      : [];
  });
  const groups = (draft.groups ?? []).flatMap((group) => engineFilter(group, fields) ?? []);
  const parts = [...own, ...groups];
  if (parts.length < 2) return parts[0];
  return draft.join === "and" ? { and: parts } : { or: parts };
}

export function sortText(keys: readonly SortKey[], fields: readonly FieldShape[]): string | undefined {
  const known = keys.filter((key) => fields.some((field) => field.name === key.field));
  if (known.length === 0) return undefined;
  return known.map((key) => `${key.field}:${key.descending ? "desc" : "asc"}`).join(",");
}
