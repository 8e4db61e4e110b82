/** What a reference field follows, while a person chooses it: a road to another record, and the field to show of it. */
import type { FieldView, ReferenceToMake, ReferenceView, TableView } from "../../shared/api/schema";

/** `through` is the id of an entity field, or `EDGE` for links of the kind `kind`. `table` and `field` are ids. */
export type ReferenceChoice = { through: string; kind: string; table: string; field: string };

export const EDGE = "edge";

/** The fields of a table that lead to another record. */
export function roads(table: TableView): FieldView[] {
  return table.fields.filter((field) => field.type === "entity" && field.mode !== "reference");
}

/** What a field may show of a table: all but itself. */
export function targets(table: TableView | undefined, own: FieldView | null): FieldView[] {
  return table?.fields.filter((field) => field.field_id !== own?.field_id) ?? [];
}

/** The choice to begin with: what the field follows already, or the first road there is. */
export function firstChoice(
  table: TableView,
  tables: readonly TableView[],
  reference: ReferenceView | null,
): ReferenceChoice {
  const via = reference?.via_field
    ? roads(table).find(({ name }) => name === reference.via_field)
    : undefined;
  const target = tables.find((one) => one.fields.some(({ field_id }) => field_id === reference?.field_id));
  const through = via?.field_id ?? (reference?.via_edge ? EDGE : (roads(table)[0]?.field_id ?? EDGE));
  return {
    through,
    kind: reference?.via_edge ?? "",
    table: target?.table_id ?? "",
    field: target && reference ? reference.field_id : "",
  };
}

/** As the engine takes it; `null` while something is missing. */
export function readChoice(choice: ReferenceChoice): ReferenceToMake | null {
  const { through, table, field } = choice;
  const kind = choice.kind.trim();
  if (table === "" || field === "" || (through === EDGE && kind === "")) return null;
  return through === EDGE ? { via_edge: kind, table, field } : { via_field: through, table, field };
}

/** The circle of a refused reference, for a person: “phone → phone of the agent → phone”. */
export function circleWords(known: string | null | undefined): string {
  return (known ?? "").split(", ").filter(Boolean).join(" → ");
}
