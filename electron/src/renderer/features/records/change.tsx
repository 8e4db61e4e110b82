/** A change of one cell, in words and values: what it is about, what stood there, what stands there. */
import { useTables } from "../../shared/api/queries";
import type { CellView, FieldView } from "../../shared/api/schema";
import { isEntity, type Value } from "../values/value";
import { ValueView } from "../values/value-view";
import { useAllViews } from "../views/queries";
import { settingsWords } from "../views/settings";
import { useLabel } from "./labels";

export type Cell = Partial<CellView> & Pick<CellView, "kind">;

export type Arranged<C> = {
  change: C;
  /** Whether it is the first of its record: the name stands there once. */
  first: boolean;
  /** Whether the record was made by the same act. */
  made: boolean;
};

/**
 * Changes as people tell them: a record that was made is told by its fields, not by its being there and in its table.
 * `written` gives what a change wrote.
 */
export function arrange<C>(
  changes: readonly C[],
  cellOf: (change: C) => Cell,
  written: (change: C) => Value | undefined,
): Arranged<C>[] {
  const told = changes.map((change) => ({ change, cell: cellOf(change), value: written(change) }));
  const subject = (cell: Cell) => cell.entity_id ?? cell.edge_id ?? "";
  const being = (kind: string, value: Value | undefined) =>
    (kind === "existence" || kind === "membership") && value === true;
  const made = new Set(
    told
      .filter(({ cell, value }) => cell.kind === "existence" && value === true)
      .map(({ cell }) => subject(cell)),
  );
  const described = new Set(
    told.filter(({ cell }) => cell.kind === "field").map(({ cell }) => subject(cell)),
  );
  let last: string | null = null;
  return told.flatMap(({ change, cell, value }): Arranged<C>[] => {
    const id = subject(cell);
    if (made.has(id) && being(cell.kind, value) && (described.has(id) || cell.kind === "membership"))
      return [];
    const first = id !== last;
    last = id;
    return [{ change, first, made: made.has(id) }];
  });
}

export function cellWords(cell: Cell): string {
  switch (cell.kind) {
    case "existence":
      return "";
    case "membership":
      return "table";
    case "place":
      return "place";
    default:
      return cell.field ?? "";
  }
}

/** The workspace itself, as the engine numbers it. */
const WORKSPACE = "6f70656e-7072-";

/** What an entity is called that is a table, a field, a view or the workspace, rather than a record; `null` of a record. */
function useSchemaName(entity: string): string | null {
  const tables = useTables().data?.tables ?? [];
  const views = useAllViews();
  if (entity.startsWith(WORKSPACE)) return "The workspace";
  for (const table of tables) {
    if (table.table_id === entity) return `Table ${table.name}`;
    const field = table.fields.find((one) => one.field_id === entity);
    if (field) return `Field ${field.name}`;
  }
  const view = views.find((one) => one.view_id === entity);
  if (view) return `View ${view.name}`;
  return null;
}

/** Which record a cell is of; `made` when it is new. */
export function CellSubject({ cell, made }: { cell: Cell; made?: boolean }) {
  const entity = cell.entity_id ?? "";
  const known = useSchemaName(entity);
  const label = useLabel(known === null ? entity : "");
  return (
    <>
      {known ?? (entity ? (label?.text ?? "…") : "Link")} {made && <span className="tag">new</span>}{" "}
      {cell.table && <small className="quiet">{cell.table}</small>}
    </>
  );
}

export function CellValue({ cell, value }: { cell: Cell; value: Value | undefined }) {
  const field = useFieldOf(cell);
  const about = useSchemaWords(cell, value);
  if (cell.kind === "existence") return <>{value === false ? "Deleted" : value === true ? "Here" : "—"}</>;
  if (cell.kind === "membership") {
    const table = cell.table ?? "it";
    return <>{value === true ? `In ${table}` : `Not in ${table}`}</>;
  }
  if (value === null || value === undefined) return <span className="quiet">—</span>;
  if (field) return <ValueView value={value} field={field} />;
  if (about) return <>{about}</>;
  return (
    <>
      {typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "object" ? "…" : String(value)}
    </>
  );
}

/** What a value says that is part of a table, a field or a view; `null` of others. */
function useSchemaWords(cell: Cell, value: Value | undefined): string | null {
  const tables = useTables().data?.tables ?? [];
  const view = useAllViews().find((one) => one.view_id === cell.entity_id);
  if (cell.table_id) return null;
  if (isEntity(value)) return tables.find((table) => table.table_id === value.entity)?.name ?? null;
  if (cell.field !== "settings" || typeof value !== "string") return null;
  const table = tables.find((one) => one.table_id === view?.table_id);
  return settingsWords(value, table?.fields ?? []);
}

function useFieldOf(cell: Cell): FieldView | undefined {
  const table = useTables().data?.tables.find((one) => one.table_id === cell.table_id);
  return cell.kind === "field" ? table?.fields.find((field) => field.name === cell.field) : undefined;
}
