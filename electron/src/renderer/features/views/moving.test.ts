import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EngineProblem } from "../../shared/api/problem";
import { moveViews } from "./moving";

const kept = new Map<string, string>();
const KEY = "openprod.views.w1.t1";
const TABLES = [
  {
    table_id: "t1",
    name: "Props",
    module: null,
    records: 0,
    fields: [{ field_id: "f1", name: "state", type: "enum", mode: "discrete", options: [], reference: null }],
  },
];
const VIEWS = [
  { id: "v1", name: "By state", view: { group: "state", widths: { f1: 300 } } },
  { id: "v2", name: "Plain", view: {} },
];

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    removeItem: (name: string) => kept.delete(name),
  });
});
afterEach(() => vi.unstubAllGlobals());

it("gives the views of this browser to the team, once", async () => {
  kept.set(KEY, JSON.stringify(VIEWS));
  const make = vi.fn(async () => "made");
  await expect(moveViews("w1", TABLES, make)).resolves.toBe(2);
  expect(make).toHaveBeenCalledWith(
    { table: "t1", name: "By state", settings: expect.stringContaining('"group":"f1"') },
    "v1",
  );
  expect(kept.size).toBe(0);
  await expect(moveViews("w1", TABLES, make)).resolves.toBe(0);
  expect(make).toHaveBeenCalledTimes(2);
});

it("keeps them here until all are there", async () => {
  kept.set(KEY, JSON.stringify(VIEWS));
  const make = vi.fn(async ({ name }: { name: string }) => {
    if (name === "Plain") throw new Error("no engine");
    return "made";
  });
  await expect(moveViews("w1", TABLES, make)).rejects.toThrow("no engine");
  expect(kept.has(KEY)).toBe(true);
});

it("goes on where another page moved the same views", async () => {
  kept.set(KEY, JSON.stringify(VIEWS));
  const reused = EngineProblem.read(409, '{"code":"command_reused","status":409,"title":"","detail":""}');
  await expect(moveViews("w1", TABLES, () => Promise.reject(reused))).resolves.toBe(0);
  expect(kept.size).toBe(0);
});

it("leaves views of tables that are not here, and what is no view, alone", async () => {
  kept.set("openprod.views.w1.t9", JSON.stringify(VIEWS));
  kept.set("openprod.views.w2.t1", JSON.stringify(VIEWS));
  kept.set(KEY, "{broken");
  const make = vi.fn(async () => "made");
  await expect(moveViews("w1", TABLES, make)).resolves.toBe(0);
  expect(kept.size).toBe(3);
});
