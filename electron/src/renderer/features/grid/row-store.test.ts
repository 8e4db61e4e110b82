import { expect, it, vi } from "vitest";
import type { RecordView } from "../../shared/api/schema";
import { type FetchPage, type Listing, PAGE_SIZE, RowStore } from "./row-store";

const listing: Listing = { table: "t", filter: undefined, sort: undefined, q: undefined };
const record = (id: number, label = `r${id}`): RecordView => ({
  entity_id: String(id).padStart(6, "0"),
  fields: { label },
  conflicts: [],
  broken: [],
});

/** An engine of one table, by keyset cursor as the real one has it. */
function engine(count: number, order: Partial<Listing> = {}) {
  const records = Array.from({ length: count }, (_, id) => record(id));
  const asked: (string | null)[] = [];
  const page: FetchPage = async (_listing, cursor) => {
    asked.push(cursor);
    const from = cursor === null ? 0 : records.findIndex((row) => row.entity_id > cursor);
    const rows = records.slice(from, from + PAGE_SIZE);
    const more = from + PAGE_SIZE < records.length;
    return {
      records: rows,
      total: records.length,
      next_cursor: more ? (rows.at(-1)?.entity_id ?? null) : null,
    };
  };
  const one = async (_table: string, entity: string) =>
    records.find((row) => row.entity_id === entity) ?? null;
  return { records, asked, store: new RowStore({ ...listing, ...order }, undefined, page, one) };
}

it("loads only what is in sight", async () => {
  const { store, asked } = engine(5_000);
  store.look(0, 40);
  await vi.waitFor(() => expect(store.loaded).toBe(PAGE_SIZE));
  expect([store.total, asked.length]).toEqual([5_000, 1]);
  store.look(1_200, 1_240);
  await vi.waitFor(() => expect(store.row(1_240)?.fields.label).toBe("r1240"));
  expect(asked.length).toBe(3);
});

it("asks again for the page in sight only", async () => {
  const { store, asked, records } = engine(2_000);
  store.look(1_900, 1_940);
  await vi.waitFor(() => expect(store.loaded).toBe(2_000));
  asked.length = 0;
  records[1_910] = record(1_910, "new");
  store.on({ type: "records_changed", workspace: "w", table: "t", entity_ids: null });
  await vi.waitFor(() => expect(store.row(1_910)?.fields.label).toBe("new"));
  expect(asked).toEqual([record(1_499).entity_id]);
});

it("finds rows that were added at the end", async () => {
  const { store, records } = engine(3);
  store.look(0, 40);
  await vi.waitFor(() => expect(store.total).toBe(3));
  records.push(record(3));
  store.on({ type: "records_changed", workspace: "w", table: "t", entity_ids: [record(3).entity_id] });
  await vi.waitFor(() => expect(store.row(3)?.fields.label).toBe("r3"));
});

/** An engine that answers when told to, with what it held when it was asked. */
function slowEngine(count: number) {
  const { records } = engine(count);
  const waiting: (() => void)[] = [];
  const page: FetchPage = (_listing, _cursor) => {
    const answer = { records: [...records], total: records.length, next_cursor: null };
    return new Promise((resolve) => waiting.push(() => resolve(answer)));
  };
  const one = async (_table: string, entity: string) =>
    records.find((row) => row.entity_id === entity) ?? null;
  const answer = async () => {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0));
    waiting.shift()?.();
  };
  return { records, answer, store: new RowStore(listing, undefined, page, one) };
}

it("asks again when rows were added while the answer was on its way", async () => {
  const { store, records, answer } = slowEngine(3);
  store.look(0, 40);
  records.push(record(3));
  store.on({ type: "records_changed", workspace: "w", table: "t", entity_ids: [record(3).entity_id] });
  await answer();
  await answer();
  await vi.waitFor(() => expect(store.total).toBe(4));
});

it("asks again when a row was changed while a page with it was on its way", async () => {
  const { store, records, answer } = slowEngine(3);
  store.look(0, 40);
  await answer();
  await vi.waitFor(() => expect(store.total).toBe(3));
  store.refresh();
  records[1] = record(1, "new");
  store.on({ type: "records_changed", workspace: "w", table: "t", entity_ids: [record(1).entity_id] });
  await answer();
  await answer();
  await vi.waitFor(() => expect(store.row(1)?.fields.label).toBe("new"));
});

it("keeps the objects of records that did not change", async () => {
  const { store, records } = engine(10);
  store.look(0, 40);
  await vi.waitFor(() => expect(store.total).toBe(10));
  const same = store.row(5);
  records.splice(2, 1);
  store.refresh();
  await vi.waitFor(() => expect(store.total).toBe(9));
  expect(store.row(4)).toBe(same);
});

it("moves no row while one is held, and makes up for it afterwards", async () => {
  const { store, records } = engine(10, { sort: "label:asc" });
  store.look(0, 40);
  await vi.waitFor(() => expect(store.total).toBe(10));
  store.hold(record(5).entity_id);
  records.splice(0, 1);
  store.refresh();
  expect(store.row(0)?.fields.label).toBe("r0");
  store.hold(null);
  await vi.waitFor(() => expect(store.row(0)?.fields.label).toBe("r1"));
});

it("takes a write back when the engine refuses it", async () => {
  const { store } = engine(3);
  store.look(0, 40);
  await vi.waitFor(() => expect(store.total).toBe(3));
  let refuse = (_: Error) => {};
  const answer = new Promise((_, reject) => {
    refuse = reject;
  });
  const written = store.write(record(1).entity_id, { label: "mine" }, () => answer);
  expect(store.row(1)?.fields.label).toBe("mine");
  refuse(new Error("no"));
  await expect(written).rejects.toThrow("no");
  expect(store.row(1)?.fields.label).toBe("r1");
});

it("tells why a page did not come, and tries again when asked", async () => {
  let down = true;
  const store = new RowStore(listing, undefined, async () => {
    if (down) throw new Error("down");
    return { records: [record(0)], total: 1, next_cursor: null };
  });
  store.look(0, 40);
  await vi.waitFor(() => expect(store.error).toBeInstanceOf(Error));
  down = false;
  store.refresh();
  await vi.waitFor(() => expect(store.row(0)?.fields.label).toBe("r0"));
  expect(store.error).toBeNull();
});
