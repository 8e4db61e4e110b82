import { expect, it } from "vitest";
import type { BundleView } from "../../shared/api/schema";
import { actsOf } from "./acts";

const bundle = (seq: number, change: Partial<BundleView> = {}): BundleView => ({
  actor_id: "a",
  at: "2026-11-21T10:00:00Z",
  bundle_id: `b${seq}`,
  command_id: `c${seq}`,
  command_type: "records.update",
  correlation_id: null,
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
  expect(acts.map((act) => act.what)).toEqual(["pasted 4 cells", "edited 2 cells"]);
  expect(acts[0]?.bundles).toHaveLength(2);
});

it("keeps apart what has no correlation, or another person's", () => {
  expect(actsOf([bundle(2), bundle(1)])).toHaveLength(2);
  const shared = { correlation_id: "x" };
  expect(actsOf([bundle(2, shared), bundle(1, { ...shared, actor_id: "b" })])).toHaveLength(2);
});
