import { expect, it } from "vitest";
import type { BundleView } from "../../shared/api/schema";
import { actsOf, type PastChange, recordOf } from "./acts";

const wrote = (entity_id: string, change: Partial<PastChange> = {}) =>
  ({
    deed: "wrote",
    kind: "field",
    entity_id,
    edge_id: null,
    table: "Props",
    table_id: "t",
    field: "count",
    value: 1,
    op_id: `${entity_id} op`,
    shown: true,
    ...change,
  }) as PastChange;

const bundle = (seq: number, change: Partial<BundleView> = {}): BundleView => ({
  actor_id: "a",
  at: "2026-11-21T10:00:00Z",
  bundle_id: `b${seq}`,
  changes: [wrote("e1"), wrote("e2")],
  changes_omitted: 0,
  command_id: `c${seq}`,
  command_type: "records.update",
  correlation_id: null,
  held: false,
  hlc: "0",
  log: "l",
  operations: 2,
  seq,
  source: "app: edit",
  ...change,
});

it("tells commands of one act as one", () => {
  const paste = { correlation_id: "x", source: "app: paste" };
  const acts = actsOf([bundle(3, paste), bundle(2, paste), bundle(1)]);
  expect(acts.map((act) => act.what)).toEqual(["pasted 4 cells into Props", "edited 2 cells in Props"]);
  expect(acts[0]?.bundles).toHaveLength(2);
});

it("keeps apart what has no correlation, another person's, or another kind of command", () => {
  expect(actsOf([bundle(2), bundle(1)])).toHaveLength(2);
  const shared = { correlation_id: "x" };
  expect(actsOf([bundle(2, shared), bundle(1, { ...shared, actor_id: "b" })])).toHaveLength(2);
  expect(actsOf([bundle(2, shared), bundle(1, { ...shared, command_type: "records.delete" })])).toHaveLength(
    2,
  );
});

it("counts nothing that it was not told", () => {
  const [act] = actsOf([bundle(1, { changes_omitted: 900 })]);
  expect(act?.what).toBe("edited many cells in Props");
});

it("names the record that all of it was about, and none where there are several", () => {
  const one = actsOf([
    bundle(1, { changes: [wrote("e1"), wrote("e1", { field: "name" } as Partial<PastChange>)] }),
  ])[0];
  const two = actsOf([bundle(1)])[0];
  expect(one && recordOf(one)).toBe("e1");
  expect(two && recordOf(two)).toBeNull();
});
