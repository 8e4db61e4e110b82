import { expect, it } from "vitest";
import type { Event as EngineEvent } from "./schema";
import { staleKeys } from "./stale";

const workspace = "w";

it("asks only for the undo stack when only that moved", () => {
  expect(staleKeys({ type: "undo_stack", workspace, undo: null, redo: null })).toEqual([["undo"]]);
});

it("asks for the records that changed, and for all when there were too many to name", () => {
  const few = staleKeys({ type: "records_changed", workspace, table: "t", entity_ids: ["a", "b"] });
  expect(few).toContainEqual(["record", "a"]);
  expect(few).not.toContainEqual(["record"]);
  expect(staleKeys({ type: "records_changed", workspace, table: "t", entity_ids: null })).toContainEqual([
    "record",
  ]);
});

it("asks for everything after events were missed, or are of a kind it does not know", () => {
  expect(staleKeys({ type: "resync" })).toBe("all");
  expect(staleKeys({ type: "of_a_newer_engine" } as unknown as EngineEvent)).toBe("all");
});
