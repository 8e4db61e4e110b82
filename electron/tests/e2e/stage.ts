/** Setting the scene of a test: an engine with a table of props, a window on it, and what hands do there. */
import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { openWindow, shoot, type Window } from "./browser";
import { Engine } from "./engine";

export type Tables = { tables: { name: string; table_id: string; records: number }[] };
export type Row = { entity_id: string; fields: Record<string, unknown> };
export type Records = { total: number; records: Row[] };

/** Engines find each other's changes by themselves, within their own pauses. */
export const WAIT = { timeout: 20_000 };

const FIELDS = [
  { name: "name", type: "text" },
  { name: "count", type: "integer" },
  { name: "state", type: "enum", options: ["Ready", "Broken", "Lost"] },
  { name: "notes", type: "crdt_text" },
];

/** An engine that ends with the test. */
export async function engineFor(name = "Prompt Desk", command: "serve" | "demo" = "serve"): Promise<Engine> {
  const engine = await Engine.start(name, command);
  onTestFinished(() => engine.stop());
  return engine;
}

/** An engine with a workspace “Ferry” and a table “Props”, of `rows` records: “Prop 000”, counted, by turns in each state. */
export async function propsDesk(rows = 0): Promise<Engine> {
  const engine = await engineFor();
  await engine.post("/workspace/create", { name: "Ferry" });
  await engine.post("/tables/create", { name: "Props", fields: FIELDS });
  const records = Array.from({ length: rows }, (_, row) => ({
    name: `Prop ${String(row).padStart(3, "0")}`,
    count: row,
    state: ["Ready", "Broken", "Lost"][row % 3],
  }));
  if (rows > 0) await engine.post("/records/create", { table: "Props", records });
  return engine;
}

/** Another device that has joined and holds the same. */
export async function joined(desk: Engine, name = "Booth"): Promise<Engine> {
  const booth = await engineFor(name);
  const { invitation } = await desk.post<{ invitation: string }>("/workspace/invite", {});
  await booth.post("/workspace/join", { invitation, address: address(desk) });
  await same(desk, booth);
  return booth;
}

export const address = (engine: Engine) => `127.0.0.1:${engine.ready.sync_port}`;

/** Waits until two engines say that they hold the same. */
export async function same(one: Engine, other: Engine): Promise<void> {
  await expect.poll(async () => (await hash(other)) === (await hash(one)), WAIT).toBe(true);
}

export async function hash(engine: Engine): Promise<string> {
  return (await engine.get<{ state_hash: string }>("/workspace/status")).state_hash;
}

/** A window that closes with the test; when it fails, a picture of it is kept. */
export async function windowOn(browser: Browser, engine: Engine, size?: Parameters<typeof openWindow>[2]) {
  const window = await openWindow(browser, engine, size);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") await shoot(window.page, `failed: ${task.name}`);
    await window.context.close();
  });
  return { ...window, ...hands(window) };
}

/** What hands do on a page with a grid. */
export function hands({ page }: Window) {
  const cell = (line: number, column: number) => page.locator(`[id="cell-${line}-${column}"]`);
  return {
    cell,
    /** Waits until a cell shows a text. */
    shows: (line: number, column: number, text: string) =>
      page.locator(`[id="cell-${line}-${column}"]:has-text(${JSON.stringify(text)})`).waitFor(),
    /** Waits until the table is told to have so many records. */
    counts: (count: number) =>
      page
        .getByRole("status")
        .getByText(`${count.toLocaleString("en")} ${count === 1 ? "record" : "records"}`, { exact: true })
        .waitFor(),
    goTable: async (name: string) => {
      await page
        .getByRole("navigation")
        .getByRole("link", { name: new RegExp(`^${name}`) })
        .click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
    },
    press: async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    },
    paste: (text: string) => paste(page, text),
  };
}

/** Pastes as a person does, from another program. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((copied) => {
    const data = new DataTransfer();
    data.setData("text/plain", copied);
    const to = document.querySelector("[role=dialog] textarea") ?? document.querySelector(".grid");
    to?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

export const listed = (engine: Engine, query = "", table = "Props") =>
  engine.get<Records>(`/records/list?table=${table}&${query}`);
