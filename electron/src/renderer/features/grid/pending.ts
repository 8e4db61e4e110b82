/**
 * What a person wrote and the engine has not confirmed in a listing yet: shown at once, taken back when it is refused.
 *
 * Each write has a ticket. A later write of the same cell stands over an earlier one, so that a slow refusal of the
 * first takes nothing from the second.
 */
import type { RecordView } from "../../shared/api/schema";
import { sameValue, type Value } from "../values/value";

/** `confirmed` is when the engine took it, counted in confirmations; 0 before. */
type Write = { ticket: number; value: Value; confirmed: number };

export class PendingWrites {
  private readonly cells = new Map<string, Map<string, Write[]>>();
  private tickets = 0;
  private confirmations = 0;

  /** Shows `fields` from now on; the ticket is for `confirm` or `refuse`. */
  write(entity: string, fields: Readonly<Record<string, Value>>): number {
    const ticket = ++this.tickets;
    const record = this.cells.get(entity) ?? new Map<string, Write[]>();
    this.cells.set(entity, record);
    for (const [field, value] of Object.entries(fields)) {
      record.set(field, [...(record.get(field) ?? []), { ticket, value, confirmed: 0 }]);
    }
    return ticket;
  }

  /** The engine took it: it stays on show until a listing has it. */
  confirm(entity: string, ticket: number): void {
    const confirmed = ++this.confirmations;
    this.change(entity, (writes) =>
      writes
        .filter((write) => write.ticket >= ticket || write.confirmed === 0)
        .map((write) => (write.ticket === ticket ? { ...write, confirmed } : write)),
    );
  }

  /** The engine refused it: what stood there before is shown again. */
  refuse(entity: string, ticket: number): void {
    this.change(entity, (writes) => writes.filter((write) => write.ticket !== ticket));
  }

  /** What is confirmed by now: to be noted before a listing is asked for, and given to `settle` when it has come. */
  mark(): number {
    return this.confirmations;
  }

  /** A listing has come that was asked for at `mark`: what was confirmed by then is in it. */
  settle(entity: string, mark: number): void {
    this.change(entity, (writes) =>
      writes.filter((write) => write.confirmed === 0 || write.confirmed > mark),
    );
  }

  has(entity: string): boolean {
    return this.cells.has(entity);
  }

  /** Whether the engine has not answered yet to something that was written to the record. */
  underWay(entity: string): boolean {
    const writes = [...(this.cells.get(entity)?.values() ?? [])].flat();
    return writes.some((write) => write.confirmed === 0);
  }

  /** The record with what was written over it; the very same one when nothing was. */
  over(record: RecordView): RecordView {
    const writes = this.cells.get(record.entity_id);
    if (!writes) return record;
    let fields: RecordView["fields"] | null = null;
    for (const [field, stack] of writes) {
      const last = stack.at(-1);
      if (!last || sameValue(record.fields[field], last.value)) continue;
      fields ??= { ...record.fields };
      fields[field] = last.value;
    }
    return fields ? { ...record, fields } : record;
  }

  private change(entity: string, change: (writes: Write[]) => Write[]): void {
    const record = this.cells.get(entity);
    if (!record) return;
    for (const [field, writes] of record) {
      const left = change(writes);
      if (left.length === 0) record.delete(field);
      else record.set(field, left);
    }
    if (record.size === 0) this.cells.delete(entity);
  }
}
