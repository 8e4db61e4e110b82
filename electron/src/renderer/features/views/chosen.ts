/** Which saved view a table is looked at through, on this screen, and whether it was changed since. */
import { useEffect } from "react";
import { currentWorkspace } from "../../shared/api/client";
import type { FieldView, SavedView, TableView } from "../../shared/api/schema";
import { changeView, PLAIN_VIEW, type View } from "../grid/view";
import { looksLike, readSettings } from "./settings";

/** What changes on the screen when a view is chosen; all records, plainly, when none is. Columns stay as wide as they are. */
export function chosen(saved: SavedView | null, fields: readonly FieldView[]): Partial<View> {
  const { widths: _, ...plain } = PLAIN_VIEW;
  if (!saved) return plain;
  return {
    ...plain,
    ...readSettings(saved.settings, fields),
    saved: saved.view_id,
    savedAs: saved.settings,
  };
}

/** Lets a table be looked at through a view from now on. */
export function showView(table: TableView, saved: SavedView): void {
  changeView(currentWorkspace() ?? "", table.table_id, chosen(saved, table.fields));
}

/** Whether the screen shows something else than the view that was chosen. */
export function isTouched(view: View, saved: SavedView | null, fields: readonly FieldView[]): boolean {
  const base = saved ? readSettings(saved.settings, fields) : PLAIN_VIEW;
  return !looksLike(view, base ?? PLAIN_VIEW, fields);
}

/** Takes up what somebody else changed about the view that is shown, unless it was changed here too. */
export function useFollowed(
  view: View,
  change: (change: Partial<View>) => void,
  saved: SavedView | null,
  fields: readonly FieldView[],
): void {
  useEffect(() => {
    if (!saved || view.savedAs === saved.settings) return;
    const before = readSettings(view.savedAs ?? "", fields);
    if (!isTouched(view, saved, fields)) change({ savedAs: saved.settings });
    else if (before && looksLike(view, before, fields)) change(chosen(saved, fields));
  }, [view, change, saved, fields]);
}
