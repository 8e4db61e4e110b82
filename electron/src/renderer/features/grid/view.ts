/** How a person looks at a table now: columns, sorting, filter, grouping. Kept in this browser, one a table. */
import { useCallback, useMemo } from "react";
import type { FieldView } from "../../shared/api/schema";
import { keep, readKept, useKept } from "../../shared/kept";
import { type FilterDraft, NO_FILTER, type SortKey } from "./filter";

export type View = {
  /** Ids of fields in the order in which they are shown; new ones come last. */
  order: string[];
  hidden: string[];
  /** In pixels, by id. */
  widths: Record<string, number>;
  /** How many columns stay in sight. */
  frozen: number;
  sort: SortKey[];
  filter: FilterDraft;
  /** The name of the field that rows are grouped by. */
  group: string | null;
  /** Which saved view this began with; `null` for none. */
  saved: string | null;
  /** The settings that the saved view had then. */
  savedAs: string | null;
};

export type Column = { field: FieldView; width: number; left: number; frozen: boolean };

export const PLAIN_VIEW: View = {
  order: [],
  hidden: [],
  widths: {},
  frozen: 1,
  sort: [],
  filter: NO_FILTER,
  group: null,
  saved: null,
  savedAs: null,
};

export const WIDTH_MIN = 56;
export const WIDTH_MAX = 800;

/** Room for the number of a row and the button that opens it. */
export const GUTTER = 56;

export function useView(workspace: string, table: string): [View, (change: Partial<View>) => void] {
  const [view, keepView] = useKept<View>(viewKey(workspace, table), PLAIN_VIEW);
  // The same object as long as nothing changes: what is drawn depends on it.
  const whole = useMemo(() => (view === PLAIN_VIEW ? view : { ...PLAIN_VIEW, ...view }), [view]);
  const change = useCallback((part: Partial<View>) => keepView({ ...whole, ...part }), [whole, keepView]);
  return [whole, change];
}

/** Changes how a table is looked at, shown or not. */
export function changeView(workspace: string, table: string, part: Partial<View>): void {
  const key = viewKey(workspace, table);
  keep(key, { ...PLAIN_VIEW, ...readKept<Partial<View>>(key, PLAIN_VIEW), ...part });
}

const viewKey = (workspace: string, table: string) => `openprod.view.${workspace}.${table}`;

/** All fields in the order of the view, hidden ones too. */
export function orderedFields(fields: readonly FieldView[], view: View): FieldView[] {
  const rank = new Map(view.order.map((id, index) => [id, index]));
  return fields
    .map((field, index) => ({ field, rank: rank.get(field.field_id) ?? view.order.length + index }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ field }) => field);
}

export function columnsOf(fields: readonly FieldView[], view: View): Column[] {
  let left = GUTTER;
  return orderedFields(fields, view)
    .filter((field) => !view.hidden.includes(field.field_id))
    .map((field, index) => {
      const width = view.widths[field.field_id] ?? usualWidth(field);
      const column = { field, width, left, frozen: index < view.frozen };
      left += width;
      return column;
    });
}

function usualWidth(field: FieldView): number {
  const heading = 46 + field.name.length * 7.2;
  const content: Record<string, number> = {
    text: 200,
    crdt_text: 240,
    crdt_list: 240,
    integer: 96,
    float: 96,
    boolean: 84,
    date: 118,
    datetime: 160,
    duration: 110,
    enum: 140,
    entity: 180,
  };
  // What leads nowhere is told in words.
  const least = field.mode === "reference" ? 180 : 0;
  return Math.round(Math.min(Math.max(heading, content[field.type] ?? 140, least), 320));
}

/** Moves a field one place among the columns that are shown; `null` where there is no such place. */
export function shiftField(
  fields: readonly FieldView[],
  view: View,
  moved: string,
  by: -1 | 1,
): string[] | null {
  const shown = columnsOf(fields, view).map((column) => column.field.field_id);
  const at = shown.indexOf(moved);
  const to = at + by;
  if (at < 0 || to < 0 || to >= shown.length) return null;
  return moveField(fields, view, moved, shown[by < 0 ? to : to + 1] ?? null);
}

/** Moves a field to just before another, or to the end. */
export function moveField(
  fields: readonly FieldView[],
  view: View,
  moved: string,
  before: string | null,
): string[] {
  const ids = orderedFields(fields, view).map((field) => field.field_id);
  const rest = ids.filter((id) => id !== moved);
  const index = before === null ? rest.length : rest.indexOf(before);
  return [...rest.slice(0, index), moved, ...rest.slice(index)];
}
