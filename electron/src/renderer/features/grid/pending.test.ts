import { expect, it } from "vitest";
import type { RecordView } from "../../shared/api/schema";
import { PendingWrites } from "./pending";

const record = (cue: number): RecordView => ({
  entity_id: "a",
  fields: { cue, label: "Go" },
  conflicts: [],
  broken: [],
});

it("shows a write at once and takes it back when it is refused", () => {
  const pending = new PendingWrites();
  const ticket = pending.write("a", { cue: 2 });
  expect(pending.over(record(1)).fields).toEqual({ cue: 2, label: "Go" });
  pending.refuse("a", ticket);
  expect(pending.over(record(1))).toEqual(record(1));
  expect(pending.has("a")).toBe(false);
});

it("keeps a later write when an earlier one is refused late", () => {
  const pending = new PendingWrites();
  const first = pending.write("a", { cue: 2 });
  pending.write("a", { cue: 3 });
  pending.refuse("a", first);
  expect(pending.over(record(1)).fields.cue).toBe(3);
});

it("falls back to the earlier write when only the later one is refused", () => {
  const pending = new PendingWrites();
  const first = pending.write("a", { cue: 2 });
  const second = pending.write("a", { cue: 3 });
  pending.confirm("a", first);
  pending.refuse("a", second);
  expect(pending.over(record(1)).fields.cue).toBe(2);
});

it("shows a confirmed write until a listing has it", () => {
  const pending = new PendingWrites();
  const ticket = pending.write("a", { cue: 2 });
  pending.confirm("a", ticket);
  expect(pending.over(record(1)).fields.cue).toBe(2);
  pending.settle("a", pending.mark());
  expect(pending.over(record(9)).fields.cue).toBe(9);
  expect(pending.has("a")).toBe(false);
});

it("does not drop a write that was made after the listing was asked for", () => {
  const pending = new PendingWrites();
  const first = pending.write("a", { cue: 2 });
  pending.confirm("a", first);
  pending.write("a", { cue: 3 });
  pending.settle("a", pending.mark());
  expect(pending.over(record(2)).fields.cue).toBe(3);
});

it("keeps what was confirmed while the listing was under way", () => {
  const pending = new PendingWrites();
  const mark = pending.mark();
  pending.confirm("a", pending.write("a", { cue: 2 }));
  pending.settle("a", mark);
  expect(pending.over(record(1)).fields.cue).toBe(2);
});

it("gives the very same record where nothing was written", () => {
  const pending = new PendingWrites();
  const same = record(1);
  expect(pending.over(same)).toBe(same);
});
