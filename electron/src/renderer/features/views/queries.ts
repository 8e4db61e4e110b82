/** The saved views of a workspace, which its team shares, and what can be done to them. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, post } from "../../shared/api/client";
import { queryClient } from "../../shared/api/queries";
import type { SavedView } from "../../shared/api/schema";

const by = { source: "app: view" };

export const VIEWS_KEY = ["views"] as const;

const NONE: readonly SavedView[] = [];

/** The views of all tables, in order of their making. */
export function useAllViews(): readonly SavedView[] {
  const views = useQuery({
    queryKey: VIEWS_KEY,
    queryFn: ({ signal }) => get("/views/list", {}, { signal }),
  });
  return views.data?.views ?? NONE;
}

/** The views of a table, in order of their making. */
export function useSavedViews(table: string): readonly SavedView[] {
  const views = useAllViews();
  return useMemo(() => views.filter((view) => view.table_id === table), [views, table]);
}

/** Saves a view, and answers with its id once it is listed. `command_id` lets it be asked twice. */
export async function createView(
  view: { table: string; name: string; settings: string },
  command_id?: string,
): Promise<string> {
  const command = command_id === undefined ? by : { ...by, command_id };
  const made = await post("/views/create", { ...view, command });
  await listAgain();
  return made.view_id;
}

export async function updateView(
  view_id: string,
  change: { name: string } | { settings: string },
): Promise<void> {
  await post("/views/update", { view_id, ...change, command: by });
  await listAgain();
}

export async function deleteView(view_id: string): Promise<void> {
  await post("/views/delete", { view_id, command: by });
  await listAgain();
}

export async function restoreView(view_id: string): Promise<void> {
  await post("/views/restore", { view_id, command: by });
  await listAgain();
}

function listAgain(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: VIEWS_KEY });
}
