import { expect, it } from "vitest";
import type { PartView } from "../../shared/api/schema";
import { byPerson, summary } from "./away";

const none = { first: [], total: 0 };
const part = (actor_id: string, change: Partial<PartView> = {}): PartView => ({
  about: "records",
  actor_id,
  changed: none,
  created: none,
  deleted: none,
  edges: 0,
  table: "Props",
  table_id: "t",
  ...change,
});
const some = (total: number) => ({ first: [], total });

it("puts what was deleted first", () => {
  const people = byPerson([
    part("a", { table_id: "changed", changed: some(3) }),
    part("b", { created: some(1) }),
    part("a", { table_id: "deleted", deleted: some(1) }),
  ]);
  expect(people.map(([actor]) => actor)).toEqual(["a", "b"]);
  expect(people[0]?.[1].map((one) => one.table_id)).toEqual(["deleted", "changed"]);
});

it("sums up over tables", () => {
  expect(summary([part("a", { deleted: some(1), changed: some(4) }), part("a", { created: some(2) })])).toBe(
    "deleted 1, changed 4 and added 2 records",
  );
  expect(summary([part("a", { created: some(1) })])).toBe("added 1 record");
  expect(summary([part("a", { edges: 2 })])).toBe("changed links");
  expect(summary([part("a", { about: "fields", created: some(2) })])).toBe("changed tables");
  expect(summary([part("a", { about: "views", created: some(2) })])).toBe("changed views");
});
