/** What people do, on real engines: alone, in a draft, and two of them without having seen each other. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openBrowser, openWindow, shoot, type Window } from "./browser";
import { Engine } from "./engine";

let browser: Browser;
let desk: Engine;
let window: Window;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
  desk = await Engine.start("Prompt Desk");
  window = await openWindow(browser, desk);
  page = window.page;
});

beforeEach(({ task, onTestFailed }) => onTestFailed(() => shoot(page, `failed: ${task.name}`)));

afterAll(async () => {
  await browser?.close();
  await desk?.stop();
});

const cell = (line: number, column: number, on: Page = page) => on.locator(`[id="cell-${line}-${column}"]`);

async function shows(line: number, column: number, text: string, on: Page = page): Promise<void> {
  await on.locator(`[id="cell-${line}-${column}"]:has-text(${JSON.stringify(text)})`).waitFor();
}

async function paste(text: string): Promise<void> {
  await page.evaluate((copied) => {
    const data = new DataTransfer();
    data.setData("text/plain", copied);
    const grid = document.querySelector(".grid");
    grid?.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
    );
  }, text);
}

type Tables = { tables: { name: string; table_id: string; records: number }[] };
type Records = { total: number; records: { entity_id: string; fields: Record<string, unknown> }[] };

const records = (engine: Engine, query: string) => engine.get<Records>(`/records/list?table=Props&${query}`);

it("creates a workspace and a table", async () => {
  await page.getByLabel("Name of the show").fill("Ferry");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name: "No tables yet" }).waitFor();
  await shoot(page, "empty-workspace");
  await page.getByRole("main").getByRole("button", { name: "New table" }).click();
  const dialog = page.getByRole("dialog", { name: "New table" });
  await dialog.getByLabel("Name", { exact: true }).fill("Props");
  await dialog.getByLabel("Field name").nth(1).fill("count");
  await dialog.getByLabel("Field type").nth(1).selectOption("integer");
  await dialog.getByRole("button", { name: "Add a field" }).click();
  await dialog.getByLabel("Field name").nth(2).fill("state");
  await dialog.getByLabel("Field type").nth(2).selectOption("enum");
  await dialog.getByLabel("Options, separated by commas").fill("Ready, Broken, Lost");
  await dialog.getByRole("button", { name: "Add a field" }).click();
  await dialog.getByLabel("Field name").nth(3).fill("notes");
  await dialog.getByLabel("Field type").nth(3).selectOption("crdt_text");
  await shoot(page, "new-table");
  await dialog.getByRole("button", { name: "Create table" }).click();
  await page.getByRole("heading", { level: 2, name: "Props is empty" }).waitFor();
  await shoot(page, "empty-table");
  const { tables } = await desk.get<Tables>("/tables/list");
  expect(tables.map((table) => table.name)).toEqual(["Props"]);
});

it("types into a new record, by keyboard alone", async () => {
  await page.getByRole("main").getByRole("button", { name: "New record" }).last().click();
  await page.locator('[id="cell-0-0"][data-focus]').waitFor();
  await page.keyboard.type("Lantern");
  await page.keyboard.press("Tab");
  await page.keyboard.type("a dozen");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Write a whole number").waitFor();
  await shoot(page, "type-error");
  await page.keyboard.press("Escape");
  await page.keyboard.type("12");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.type("bro");
  await page.keyboard.press("Enter");
  await shows(0, 0, "Lantern");
  await shows(0, 1, "12");
  await shows(0, 2, "Broken");
  await expect
    .poll(async () => (await records(desk, "limit=1")).records[0]?.fields)
    .toMatchObject({ name: "Lantern", count: 12, state: "Broken" });
});

it("pastes 1,000 rows after telling which cells do not fit", async () => {
  await cell(0, 0).click();
  await page.keyboard.press("ArrowDown");
  const lines = Array.from({ length: 1_000 }, (_, row) => {
    const count = row === 41 ? "forty-two" : String(row);
    return `Prop ${String(row).padStart(4, "0")}\t${count}\t${["Ready", "Broken", "Lost"][row % 3]}`;
  });
  await paste(["Lantern\t12\tBroken", ...lines].join("\r\n"));
  const dialog = page.getByRole("dialog", { name: "Paste" });
  await dialog.getByText("1,000 records will be added at the end.").waitFor();
  await dialog.getByText("forty-two").waitFor();
  await shoot(page, "paste-preview");
  await dialog.getByRole("button", { name: "Paste the rest" }).click();
  await page.getByText("1,001 records", { exact: true }).waitFor();
  await page.getByText(/^Pasted/).waitFor();
  expect((await records(desk, "limit=1")).total).toBe(1_001);
  await page.locator(".grid").focus();
  await page.keyboard.press("Control+End");
  await page.getByText("Prop 0999").waitFor();
});

it("filters and sorts, and an edited row stays until it is left", async () => {
  await page.keyboard.press("Control+Home");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("combobox", { name: "Field" }).selectOption("state");
  await page.getByRole("combobox", { name: "Value" }).selectOption("Lost");
  await page.getByText("333 records", { exact: true }).waitFor();
  await shoot(page, "filter");
  await page.keyboard.press("Escape");
  await page.getByRole("columnheader", { name: "count" }).hover();
  await page.getByRole("button", { name: "Column count" }).click();
  await page.getByRole("menuitem", { name: "Sort descending" }).click();
  await shows(0, 0, "Prop 0998");
  await cell(0, 2).click();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Ready");
  await page.keyboard.press("Tab");
  await shows(0, 2, "Ready");
  await expect.poll(async () => (await records(desk, "q=Prop 0998")).records[0]?.fields.state).toBe("Ready");
  await shows(0, 0, "Prop 0998");
  await page.keyboard.press("ArrowDown");
  await shows(0, 0, "Prop 0995");
  await page.getByText("332 records", { exact: true }).waitFor();
});

it("finds, and says so when nothing matches", async () => {
  await page.locator(".grid").focus();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("Prop 0500");
  await page.getByText("1 record", { exact: true }).waitFor();
  await page.getByRole("searchbox").fill("no such prop");
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  await shoot(page, "nothing-matches");
  await page.getByRole("button", { name: "Show all records" }).click();
  await page.getByText("1,001 records", { exact: true }).waitFor();
});

it("fills down and copies a block", async () => {
  await cell(1, 2).click();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  const first = (await cell(1, 2).innerText()).trim();
  await page.keyboard.press("Control+d");
  await shows(2, 2, first);
  await shows(3, 2, first);
  await page.keyboard.press("Control+c");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe([first, first, first].join("\r\n"));
});

it("edits a text that others edit too", async () => {
  await page.evaluate(() => document.querySelector<HTMLElement>(".grid")?.focus());
  await page.keyboard.press("Space");
  const text = page.locator('.text-host[data-field="notes"] .cm-content');
  await text.click();
  await page.keyboard.type("Blue side out 🎭");
  const { records: list } = await records(desk, "sort=count:desc&limit=4");
  const entity = list[3]?.entity_id;
  await expect
    .poll(
      async () =>
        (await desk.get<{ text: string }>(`/text?entity_id=${entity}&table=Props&field=notes`)).text,
    )
    .toBe("Blue side out 🎭");
  await shoot(page, "text");
  await page.keyboard.press("Escape");
});

it("gathers changes in a draft and decides where others changed the same", async () => {
  const { records: list } = await records(desk, "sort=count:desc&limit=1");
  const entity_id = list[0]?.entity_id;
  await page.getByRole("button", { name: "Live" }).click();
  await page.getByRole("menuitem", { name: "New draft…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Tech notes");
  await page.getByRole("button", { name: "Start draft" }).click();
  await page.getByRole("region", { name: "Active draft" }).waitFor();
  await cell(0, 0).click();
  await page.keyboard.type("Renamed in draft");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Active draft" }).getByText("1 change", { exact: true }).waitFor();
  await page.locator('[id="cell-0-0"][data-draft]').waitFor();
  await shoot(page, "draft");
  const booth = await Engine.start("Booth");
  const { invitation } = await desk.post<{ invitation: string }>("/workspace/invite", {});
  await booth.post("/workspace/join", { invitation, address: `127.0.0.1:${desk.ready.sync_port}` });
  await expect
    .poll(async () => (await booth.get<Tables>("/tables/list")).tables[0]?.records, WAIT)
    .toBe(1_001);
  await booth.post("/records/update", {
    table: "Props",
    entity_id,
    fields: { name: "Renamed in the booth" },
  });
  await page.getByRole("region", { name: "Active draft" }).getByText("1 to decide").click();
  await page.getByText("Others changed what this draft changes").waitFor();
  await shoot(page, "draft-drift");
  expect(await page.getByRole("button", { name: "Commit", exact: true }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: /Keep mine/ }).click();
  await page.getByText("Others changed what this draft changes").waitFor({ state: "detached" });
  await page.getByRole("main").getByRole("button", { name: "Commit", exact: true }).click();
  await page.getByText(/^Committed “Tech notes”/).waitFor();
  await expect
    .poll(
      async () =>
        (await booth.get<Records>("/records/list?table=Props&sort=count:desc&limit=1")).records[0]?.fields
          .name,
      WAIT,
    )
    .toBe("Renamed in draft");
  await booth.stop();
});

it("shows a conflict made on two engines at its cell, and decides it for both", async () => {
  const booth = await Engine.start("Booth");
  const { invitation } = await desk.post<{ invitation: string }>("/workspace/invite", {});
  const address = `127.0.0.1:${desk.ready.sync_port}`;
  await booth.post("/workspace/join", { invitation, address });
  await expect
    .poll(async () => (await booth.get<Tables>("/tables/list")).tables[0]?.records, WAIT)
    .toBe(1_001);
  const { records: list } = await records(desk, "sort=count:desc&limit=2");
  const entity_id = list[1]?.entity_id;
  await booth.post("/sync/pause", {});
  await booth.post("/records/update", { table: "Props", entity_id, fields: { count: 7 } });
  await desk.post("/records/update", {
    table: "Props",
    entity_id,
    fields: { name: "Seen at the desk", count: 8_000 },
  });
  await booth.post("/sync/resume", {});
  await booth.post("/peers/connect", { address });

  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Props/ })
    .click();
  const notch = page.getByRole("button", { name: "Conflict in count" });
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Conflicts 1/ })
    .waitFor();
  await notch.waitFor();
  await notch.click();
  await page.getByText("Booth").first().waitFor();
  await shoot(page, "conflict");
  await page.keyboard.press("Escape");
  await page.getByText("written in two places").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.getByRole("heading", { level: 1, name: "Conflicts" }).waitFor();
  await shoot(page, "conflict-inbox");
  await page.getByRole("button", { name: /^7 Booth/ }).click();
  await page.getByRole("heading", { name: "No conflicts" }).waitFor();
  const counts = async (engine: Engine) =>
    (await engine.get<{ fields: { count: number } }>(`/records/${entity_id}?table=Props`)).fields.count;
  expect(await counts(desk)).toBe(7);
  await expect.poll(() => counts(booth), WAIT).toBe(7);
  const hash = async (engine: Engine) =>
    (await engine.get<{ state_hash: string }>("/workspace/status")).state_hash;
  await expect.poll(async () => (await hash(booth)) === (await hash(desk)), WAIT).toBe(true);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.getByText("Connected", { exact: true }).waitFor();
  await shoot(page, "peers-connected");
  await booth.stop();
});

it("imports a CSV file by matching its columns", async () => {
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Props/ })
    .click();
  await page.getByRole("button", { name: "Import a CSV file" }).first().click();
  const csv = 'Name;Count;Colour\n"Chair; folding";4;red\nStool;many;blue\n';
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name: "props.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByText("1 cell does not fit and will be left empty").waitFor();
  await shoot(page, "import");
  await page.getByRole("button", { name: "Import 2 records" }).click();
  await page.getByText("1,003 records", { exact: true }).waitFor();
  const { records: found } = await records(desk, "q=Chair");
  expect(found[0]?.fields).toMatchObject({ name: "Chair; folding", count: 4 });
});

it("tells what was done", async () => {
  await page.keyboard.press("Escape");
  await page.getByRole("navigation").getByRole("link", { name: "History" }).click();
  await page
    .getByText(/pasted .* cells/)
    .first()
    .waitFor();
  await shoot(page, "history-acts");
});

it("takes an edit back when the engine refuses it, and says what to do", async () => {
  await page.route("**/records/update", (route) =>
    route.fulfill({
      status: 507,
      contentType: "application/problem+json",
      body: JSON.stringify({
        title: "The disk is full",
        status: 507,
        detail: "write: no space",
        code: "disk_full",
      }),
    }),
  );
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Props/ })
    .click();
  await cell(2, 0).click();
  const before = (await cell(2, 0).innerText()).trim();
  await page.keyboard.type("Torch");
  await page.keyboard.press("Enter");
  await page.getByText("Free some space, then repeat the change.").waitFor();
  await shows(2, 0, before);
  await shoot(page, "refused-edit");
  await page.unroute("**/records/update");
});

it("reported no error of its own but the one that was made", () => {
  expect(window.faults.filter((fault) => !fault.includes("507"))).toEqual([]);
});

/** Engines find each other's changes by themselves, within their own pauses. */
const WAIT = { timeout: 15_000 };
