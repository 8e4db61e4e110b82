/**
 * Views that an earlier version kept in this browser alone: they are given to the team, once, and then forgotten here.
 *
 * Each had an id of its own, which becomes that of the command: should the page be closed in between, or two pages do it
 * at once, no view is made twice.
 */
import { EngineProblem } from "../../shared/api/problem";
import type { TableView } from "../../shared/api/schema";
import { PLAIN_VIEW, type View } from "../grid/view";
import { createView } from "./queries";
import { writeSettings } from "./settings";

type KeptView = { id: string; name: string; view: Partial<View> };

/** Moves the views of the tables that are here; answers with how many there were. Those of other tables wait. */
export async function moveViews(
  workspace: string,
  tables: readonly TableView[],
  make: typeof createView = createView,
): Promise<number> {
  let moved = 0;
  for (const table of tables) {
    const key = `openprod.views.${workspace}.${table.table_id}`;
    const kept = read(localStorage.getItem(key));
    if (!kept) continue;
    for (const { id, name, view } of kept) {
      const settings = writeSettings({ ...PLAIN_VIEW, ...view }, table.fields);
      try {
        await make({ table: table.table_id, name, settings }, id);
        moved += 1;
      } catch (error) {
        // Another page of this browser moved it while the table had other fields.
        if (!(error instanceof EngineProblem && error.code === "command_reused")) throw error;
      }
    }
    localStorage.removeItem(key);
  }
  return moved;
}

function read(text: string | null): KeptView[] | null {
  if (text === null) return null;
  try {
    const kept: unknown = JSON.parse(text);
    return Array.isArray(kept) ? kept.filter(isKept) : null;
  } catch {
    return null;
  }
}

function isKept(one: unknown): one is KeptView {
  const kept = one as Partial<KeptView> | null;
  return typeof kept?.id === "string" && typeof kept.name === "string" && typeof kept.view === "object";
}
