/** Which answers an event of the engine makes stale. */
import type { QueryKey } from "@tanstack/react-query";
import type { Event as EngineEvent } from "./schema";

/** The keys to ask again, as prefixes; `"all"` for everything. Pages of the grid are kept elsewhere (`RowStore`). */
export function staleKeys(event: EngineEvent): QueryKey[] | "all" {
  switch (event.type) {
    case "ready":
      return [];
    case "resync":
      return "all";
    case "undo_stack":
      return [["undo"]];
    case "workspaces_changed":
      return [["workspaces"], ["status"]];
    case "views_changed":
      return [["views"], ["status"], ["history"]];
    case "tables_changed":
      return [["tables"], ["workspaces"], ["status"], ["records"], ["record"], ["history"]];
    case "records_changed": {
      const records: QueryKey[] =
        event.entity_ids == null ? [["record"]] : event.entity_ids.map((entity) => ["record", entity]);
      return [
        ...records,
        ["tables"],
        ["status"],
        ["history"],
        ["overlays"],
        ["overlay"],
        ["picker", event.table],
      ];
    }
    case "edges_changed":
      return [["edges"], ["status"], ["history"], ["overlays"], ["overlay"]];
    case "overlays_changed":
    case "overlay_drift":
      return [["overlays"], ["overlay"], ["tables"], ["record"], ["edges"], ["undo"]];
    case "conflict_opened":
    case "conflict_resolved":
      return [
        ["conflicts"],
        ...(event.entity_id ? [["record", event.entity_id]] : []),
        ["status"],
        ["history"],
      ];
    case "sync_peer_connected":
    case "sync_peer_disconnected":
    case "sync_progress":
    case "sync_state":
    case "clock_suspect":
    case "divergence_detected":
    case "fork_detected":
    case "sync_rejected":
      return [["peers"], ["status"]];
    default:
      return ofNewer(event);
  }
}

/** Events of an engine that knows more than this page's types: better to ask too often than to show what is no longer so. */
function ofNewer(event: { type: string }): QueryKey[] | "all" {
  switch (event.type) {
    case "decision_conflict_opened":
    case "decision_conflict_resolved":
    case "events_appended":
    case "facts_recorded":
      return [["decisions"], ["history"]];
    default:
      return "all";
  }
}
