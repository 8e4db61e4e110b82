/**
 * What records are called: the value of their table's title field, asked for a few at a time and kept.
 *
 * The first record of a table brings the names of up to a thousand of its others, since a column that shows one
 * usually shows many.
 */
import { useCallback, useSyncExternalStore } from "react";
import { get } from "../../shared/api/client";
import { queryClient } from "../../shared/api/queries";
import type { Event as EngineEvent, FieldView, RecordView, TableView } from "../../shared/api/schema";
import { formatValue, isEntity } from "../values/value";

const NEIGHBOURS = 1_000;
const TITLES = ["name", "title", "label"];

export type Label = { text: string; table: string | null };

/** The field that names a table's records: `name`, `title` or `label`, or else the first that says something. */
export function titleField(fields: readonly FieldView[]): FieldView | undefined {
  return (
    fields.find((field) => TITLES.includes(field.name.toLowerCase())) ??
    fields.find((field) => field.type !== "entity" && field.type !== "blob" && field.type !== "boolean")
  );
}

export function labelOf(record: Pick<RecordView, "fields">, fields: readonly FieldView[]): string {
  const field = titleField(fields);
  const value = field && record.fields[field.name];
  return (field && !isEntity(value) && formatValue(value, field)) || "Untitled";
}

const labels = new Map<string, Label>();
const listeners = new Set<() => void>();
const asked = new Set<string>();
const known = new Set<string>();
let queue: string[] = [];
let busy = false;

export function knownLabel(entity: string): Label | undefined {
  return labels.get(entity);
}

/** The one record of these tables that is called so; `null` when none or several are. */
export function findByLabel(text: string): string | null {
  const wanted = text.trim().toLowerCase();
  const found = [...labels].filter(([, label]) => label.text.toLowerCase() === wanted);
  return found.length === 1 ? (found[0]?.[0] ?? null) : null;
}

export function useLabel(entity: string): Label | undefined {
  const subscribe = useCallback(
    (listener: () => void) => {
      listeners.add(listener);
      want(entity);
      return () => listeners.delete(listener);
    },
    [entity],
  );
  return useSyncExternalStore(subscribe, () => labels.get(entity));
}

/** Waits until all of these records have a name, or are known not to be here yet. */
export function whenLabelled(entities: Iterable<string>): Promise<void> {
  const missing = [...entities].filter((entity) => !labels.has(entity));
  return new Promise((resolve) => {
    const look = () => {
      if (!missing.every((entity) => labels.has(entity))) return;
      listeners.delete(look);
      resolve();
    };
    listeners.add(look);
    for (const entity of missing) want(entity);
    look();
  });
}

/** Learns the names of up to a thousand records of every table, so that records can be found by them. */
export async function learnLabels(): Promise<void> {
  for (const table of tables()) if (!known.has(table.table_id)) await neighbours(table);
}

/** Names that may have changed are asked for again; what is shown stays until then. */
export function forgetLabels(event: EngineEvent): void {
  const shown = [...asked];
  switch (event.type) {
    case "records_changed": {
      const changed = event.entity_ids;
      const again = changed ? changed.filter((entity) => asked.has(entity)) : shown;
      for (const entity of again) asked.delete(entity);
      if (!changed) known.delete(event.table);
      for (const entity of again) want(entity);
      break;
    }
    case "resync":
    case "tables_changed":
    case "overlays_changed":
      asked.clear();
      known.clear();
      for (const entity of shown) want(entity);
      break;
    default:
  }
}

/** Another workspace has other records. */
export function clearLabels(): void {
  labels.clear();
  asked.clear();
  known.clear();
  queue = [];
}

function want(entity: string): void {
  if (entity === "") return;
  if (asked.has(entity)) return;
  asked.add(entity);
  queue.push(entity);
  if (!busy) {
    busy = true;
    queueMicrotask(() => void work());
  }
}

async function work(): Promise<void> {
  for (let entity = queue.shift(); entity !== undefined; entity = queue.shift()) {
    try {
      const record = await get("/records/{id}", {}, { id: entity });
      const table = tables().find((one) => one.table_id === record.table_id);
      const text = labelOf(record, table?.fields ?? []);
      set(entity, { text: record.deleted ? `${text} (deleted)` : text, table: record.table_id });
      if (table && !known.has(table.table_id)) await neighbours(table);
    } catch {
      set(entity, { text: "Not here yet", table: null });
      asked.delete(entity);
    }
    queue = queue.filter((waiting) => !fresh.delete(waiting));
  }
  busy = false;
}

const fresh = new Set<string>();

async function neighbours(table: TableView): Promise<void> {
  known.add(table.table_id);
  const page = await get("/records/list", { table: table.table_id, limit: NEIGHBOURS });
  for (const record of page.records) {
    const text = labelOf(record, table.fields);
    labels.set(record.entity_id, { text, table: table.table_id });
    asked.add(record.entity_id);
    fresh.add(record.entity_id);
  }
  changed();
}

function tables(): readonly TableView[] {
  return queryClient.getQueryData<{ tables: TableView[] }>(["tables"])?.tables ?? [];
}

function set(entity: string, label: Label): void {
  const before = labels.get(entity);
  if (before?.text === label.text && before.table === label.table) return;
  labels.set(entity, label);
  changed();
}

function changed(): void {
  for (const listener of listeners) listener();
}
