/** Writing to records. Every command names this app as its source; those of one act share a correlation. */
import { post } from "../../shared/api/client";
import type { Value } from "../values/value";

export type Fields = Record<string, Value>;

/** One act of a person, however many commands it takes: “pasted 40 cells” in the history. */
export type Act = { source: string; correlation_id: string };

export function act(what: "edit" | "paste" | "fill" | "clear" | "import" | "delete" | "new record"): Act {
  return { source: `app: ${what}`, correlation_id: crypto.randomUUID() };
}

/** Records in one command: the engine makes a bundle of each. */
export const BATCH = 500;

/** Commands under way at a time: enough to keep the engine busy, few enough that others get through. */
const AT_ONCE = 4;

export function updateRecord(table: string, entity_id: string, fields: Fields, by: Act) {
  return post("/records/update", { table, entity_id, fields, command: by });
}

export async function createRecord(table: string, fields: Fields, by: Act): Promise<string> {
  const created = await post("/records/create", { table, fields, command: by });
  return "entity_id" in created ? created.entity_id : "";
}

/** Makes records in batches, in order. Stops when `signal` does; what was made until then stays. */
export async function createRecords(
  table: string,
  records: readonly Fields[],
  by: Act,
  on: { progress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<string[]> {
  const made: string[] = [];
  for (let start = 0; start < records.length && !on.signal?.aborted; start += BATCH) {
    const batch = records.slice(start, start + BATCH);
    const created = await post("/records/create", { table, records: batch, command: by });
    if ("entity_ids" in created) made.push(...created.entity_ids);
    on.progress?.(made.length);
  }
  return made;
}

/** Runs commands a few at a time; gives the refusals, in no order. */
export async function runAll(commands: readonly (() => Promise<unknown>)[]): Promise<unknown[]> {
  const refusals: unknown[] = [];
  let next = 0;
  const worker = async () => {
    for (let command = commands[next++]; command; command = commands[next++]) {
      try {
        await command();
      } catch (error) {
        refusals.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return refusals;
}

export function deleteRecord(entity_id: string, by: Act) {
  return post("/records/delete", { entity_id, command: by });
}

export function restoreRecord(entity_id: string) {
  return post("/records/restore", { entity_id, command: act("edit") });
}
