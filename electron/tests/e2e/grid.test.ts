/** One person at one grid: making, typing, pasting, looking at it in many ways. Every test has an engine of its own. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, shoot } from "./browser";
import { engineFor, listed, propsDesk, type Tables, WAIT, windowOn } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

it("creates a workspace and a table", async () => {
  const desk = await engineFor();
  const { page, faults } = await windowOn(browser, desk);
  await page.getByLabel("Name of the show").fill("Ferry");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name: "No tables yet" }).waitFor();
  await shoot(page, "empty-workspace");
  await page.getByRole("main").getByRole("button", { name: "New table" }).click();
  const dialog = page.getByRole("dialog", { name: "New table" });
  await dialog.getByLabel("Name", { exact: true }).fill("Props");
  await dialog.getByLabel("Field name").nth(1).fill("state");
  await dialog.getByLabel("Field type").nth(1).selectOption("enum");
  await dialog.getByLabel("Options, separated by commas").fill("Ready, Broken, Lost");
  await dialog.getByRole("button", { name: "Add a field" }).click();
  await dialog.getByLabel("Field name").nth(2).fill("notes");
  await dialog.getByLabel("Field type").nth(2).selectOption("crdt_text");
  await shoot(page, "new-table");
  await dialog.getByRole("button", { name: "Create table" }).click();
  await page.getByRole("heading", { level: 2, name: "Props is empty" }).waitFor();
  await shoot(page, "empty-table");
  const { tables } = await desk.get<Tables>("/tables/list");
  expect(tables.map((table) => table.name)).toEqual(["Props"]);
  expect(faults).toEqual([]);
});

it("types into a new record by keyboard alone, and takes nothing that does not fit", async () => {
  const desk = await propsDesk();
  const { page, press, shows } = await windowOn(browser, desk);
  await page.getByRole("main").getByRole("button", { name: "New record" }).last().click();
  await page.locator('[id="cell-0-0"][data-focus]').waitFor();
  await page.keyboard.type("Lantern");
  await press("Tab");
  await page.keyboard.type("a dozen");
  await press("Enter");
  await page.getByRole("alert").getByText("Write a whole number").waitFor();
  await shoot(page, "type-error");
  await press("Escape");
  await page.keyboard.type("12");
  await press("Tab", "Enter");
  await page.keyboard.type("bro");
  await press("Enter");
  await shows(0, 0, "Lantern");
  await shows(0, 1, "12");
  await shows(0, 2, "Broken");
  await expect
    .poll(async () => (await listed(desk, "limit=1")).records[0]?.fields)
    .toMatchObject({ name: "Lantern", count: 12, state: "Broken" });
});

it("keeps what is being written in a cell that is scrolled out of sight", async () => {
  const desk = await propsDesk(400);
  const { page, cell, press, shows } = await windowOn(browser, desk);
  await cell(1, 0).click();
  await page.keyboard.type("Half a wo");
  const scroll = (to: number) =>
    page.locator(".grid").evaluate((grid, top) => {
      grid.scrollTop = top;
    }, to);
  await scroll(9_000);
  await shows(290, 0, "Prop 290");
  await page.keyboard.type("rd, and the rest");
  await scroll(0);
  await cell(1, 0).getByRole("textbox").waitFor();
  await press("Enter");
  await shows(1, 0, "Half a word, and the rest");
  await expect.poll(async () => (await listed(desk, "q=Half")).total).toBe(1);
});

it("pastes 1,000 rows after telling which cells do not fit, and takes all of it back", async () => {
  const desk = await propsDesk(1);
  const { page, press, paste, cell, counts } = await windowOn(browser, desk);
  await cell(0, 0).click();
  const lines = Array.from({ length: 1_000 }, (_, row) => {
    const count = row === 41 ? "forty-two" : String(row);
    return `Cue ${String(row).padStart(4, "0")}\t${count}\t${["Ready", "Broken", "Lost"][row % 3]}`;
  });
  await paste(["Lantern\t12\tBroken", ...lines].join("\r\n"));
  const dialog = page.getByRole("dialog", { name: "Paste" });
  await dialog.getByText("1,000 records will be added at the end.").waitFor();
  await dialog.getByText("forty-two").waitFor();
  await shoot(page, "paste-preview");
  await dialog.getByRole("button", { name: "Paste the rest" }).click();
  await counts(1_001);
  await page.getByText(/^Pasted/).waitFor();
  await page.locator(".grid").focus();
  await press("Control+End");
  await page.getByText("Cue 0999").waitFor();
  // A block of a thousand is made in batches, each of which is a step of its own.
  await expect
    .poll(async () => {
      await desk.post("/undo", {}).catch(() => null);
      return (await listed(desk, "limit=1")).records[0]?.fields.name;
    }, WAIT)
    .toBe("Prop 000");
  await counts(1);
});

it("filters by groups, sorts, and keeps an edited row where it is until it is left", async () => {
  const desk = await propsDesk(60);
  const { page, press, cell, shows, counts } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("combobox", { name: "Field" }).selectOption("state");
  await page.getByRole("combobox", { name: "Value" }).selectOption("Lost");
  await counts(20);
  await page.getByRole("button", { name: "Add a group" }).click();
  const group = page.locator(".compose-group");
  await group.getByRole("combobox", { name: "Field" }).selectOption("count");
  await group.getByRole("combobox", { name: "Comparison" }).selectOption("<");
  await group.getByRole("textbox", { name: "Value" }).fill("10");
  await group.getByRole("button", { name: "Add a condition" }).click();
  await group.getByRole("combobox", { name: "Field" }).nth(1).selectOption("count");
  await group.getByRole("combobox", { name: "Comparison" }).nth(1).selectOption(">=");
  await group.getByRole("textbox", { name: "Value" }).nth(1).fill("50");
  await counts(7);
  await shoot(page, "filter");
  await press("Escape");
  await page.getByRole("columnheader", { name: "count" }).hover();
  await page.getByRole("button", { name: "Column count" }).click();
  await page.getByRole("menuitem", { name: "Sort descending" }).click();
  await shows(0, 0, "Prop 059");
  await cell(0, 2).click();
  await press("Enter");
  await page.keyboard.type("Ready");
  await press("Tab");
  await shows(0, 2, "Ready");
  await expect.poll(async () => (await listed(desk, "q=Prop 059")).records[0]?.fields.state).toBe("Ready");
  await shows(0, 0, "Prop 059");
  await press("ArrowDown");
  await shows(0, 0, "Prop 056");
  await counts(6);
});

it("groups, folds a group, and saves the view under a name", async () => {
  const desk = await propsDesk(30);
  const { page } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "state" }).click();
  await page.locator(".group-row").nth(1).waitFor();
  await page.getByRole("button", { name: "Close group" }).first().click();
  await page.locator(".group-row").nth(2).waitFor();
  await page.getByRole("button", { name: "All records" }).click();
  await page.getByRole("menuitem", { name: "Save as a new view…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("By state");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  const nav = page.getByRole("navigation");
  await nav.getByRole("button", { name: "By state" }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await shoot(page, "saved-view");
  await page.locator(".view-button").click();
  await page.getByRole("menuitem", { name: "All records" }).click();
  await page.locator(".group-row").first().waitFor({ state: "detached" });
  await nav.getByRole("button", { name: "By state" }).click();
  await page.locator(".group-row").first().waitFor();
  await page.reload();
  await page.locator(".group-row").first().waitFor();
});

it("finds, and says so when nothing matches", async () => {
  const desk = await propsDesk(60);
  const { page, press, counts } = await windowOn(browser, desk);
  await counts(60);
  await press("Control+f");
  await page.keyboard.type("Prop 050");
  await counts(1);
  await page.getByRole("searchbox").fill("no such prop");
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  await shoot(page, "nothing-matches");
  await page.getByRole("button", { name: "Show all records" }).click();
  await counts(60);
});

it("fills by keys and by dragging the handle, and copies a block", async () => {
  const desk = await propsDesk(9);
  const { page, press, cell, shows } = await windowOn(browser, desk);
  await cell(1, 2).click();
  await press("Shift+ArrowDown", "Shift+ArrowDown", "Control+d");
  await shows(2, 2, "Broken");
  await shows(3, 2, "Broken");
  await press("Control+c");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("Broken\r\nBroken\r\nBroken");
  await cell(4, 1).click();
  await page.locator(".fill-handle").dragTo(cell(7, 1));
  for (const line of [5, 6, 7]) await shows(line, 1, "4");
  await expect
    .poll(async () => (await listed(desk, "sort=name")).records.map((row) => row.fields.count))
    .toEqual([0, 1, 2, 3, 4, 4, 4, 4, 8]);
});

it("moves, hides, freezes and resizes columns", async () => {
  const desk = await propsDesk(3);
  const { page, press } = await windowOn(browser, desk);
  const headings = () => page.locator(".heading-text").allInnerTexts();
  await page.locator(".heading-text").first().waitFor();
  expect(await headings()).toEqual(["name", "count", "state", "notes"]);
  await page.locator('.heading-name[title="state"]').dragTo(page.locator('.heading-name[title="count"]'), {
    targetPosition: { x: 4, y: 10 },
  });
  await expect.poll(headings).toEqual(["name", "state", "count", "notes"]);
  await page.getByRole("button", { name: "Column count" }).focus();
  await press("Enter");
  await page.getByRole("menuitem", { name: "Move right" }).click();
  await expect.poll(headings).toEqual(["name", "state", "notes", "count"]);
  await page.getByRole("button", { name: "Column notes" }).focus();
  await press("Enter");
  await page.getByRole("menuitem", { name: "Hide" }).click();
  await expect.poll(headings).toEqual(["name", "state", "count"]);
  await page.getByRole("button", { name: "Column state" }).focus();
  await press("Enter");
  await page.getByRole("menuitem", { name: "Keep in sight up to here" }).click();
  await page.locator('[id="cell-0-1"][data-frozen]').waitFor();
  const before = (await page.locator(".heading").nth(2).boundingBox())?.width ?? 0;
  const handle = await page.locator(".heading").nth(2).locator(".resize").boundingBox();
  if (!handle) throw new Error("no handle to resize by");
  await page.mouse.move(handle.x + 4, handle.y + 10);
  await page.mouse.down();
  await page.mouse.move(handle.x + 64, handle.y + 10, { steps: 4 });
  await page.mouse.up();
  await expect
    .poll(async () => (await page.locator(".heading").nth(2).boundingBox())?.width)
    .toBe(before + 60);
});

it("undoes and redoes what was done last", async () => {
  const desk = await propsDesk(3);
  const { page, press, cell, shows } = await windowOn(browser, desk);
  await cell(1, 0).click();
  await page.keyboard.type("Rope");
  await press("Enter");
  await expect.poll(async () => (await listed(desk, "q=Rope")).total).toBe(1);
  await press("Control+z");
  await shows(1, 0, "Prop 001");
  await press("Control+Shift+z");
  await shows(1, 0, "Rope");
});

it("takes an edit back when the engine refuses it, and says what to do", async () => {
  const desk = await propsDesk(3);
  const { page, press, cell, shows } = await windowOn(browser, desk);
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
  await cell(2, 0).click();
  await page.keyboard.type("Torch");
  await press("Enter");
  await page.getByText("Free some space, then repeat the change.").waitFor();
  await shows(2, 0, "Prop 002");
  await shoot(page, "refused-edit");
});

it("imports a CSV file into a draft, updating by key", async () => {
  const desk = await propsDesk(3);
  const { page } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Import a file" }).click();
  await page.getByText("Choose a CSV file or an Excel workbook").waitFor();
  await shoot(page, "import-empty");
  const csv = 'Name;Count;Colour\n"Chair; folding";4;red\nStool;many;blue\nProp 001;77;\n';
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name: "props.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByText("1 cell does not fit and will be left empty").waitFor();
  await page.getByLabel("What to do with records that are there").selectOption("name");
  await page.getByText("2 records are new.").waitFor();
  await page.getByText("1 record changes.").waitFor();
  await shoot(page, "import");
  await page.getByRole("button", { name: "Import 3 records" }).click();
  await page.getByRole("heading", { level: 1, name: "Import props.csv" }).waitFor();
  expect((await listed(desk, "q=77")).total).toBe(1);
  await page.getByText("Chair; folding").first().waitFor();
  await shoot(page, "import-review");
  await page.getByRole("main").getByRole("button", { name: "Commit", exact: true }).click();
  await page.getByText(/^Committed “Import props.csv”/).waitFor();
  const { records } = await listed(desk, "sort=name:asc");
  expect(records.map((row) => [row.fields.name, row.fields.count ?? null])).toEqual([
    ["Chair; folding", 4],
    ["Prop 000", 0],
    ["Prop 001", 77],
    ["Prop 002", 2],
    ["Stool", null],
  ]);
});

it("exports what is seen: these rows, these columns, in this order", async () => {
  const desk = await propsDesk(9);
  const { page, counts } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Column notes" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Hide" }).click();
  await page.getByRole("searchbox").fill("Lost");
  await counts(3);
  await page.getByRole("button", { name: "Export what you see" }).click();
  await page.getByText("1 hidden one is left out").waitFor();
  await shoot(page, "export");
  const downloaded = page.waitForEvent("download");
  await page.getByRole("dialog").getByRole("button", { name: "Export", exact: true }).click();
  const file = await downloaded;
  expect(file.suggestedFilename()).toBe("Props.csv");
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe(
    "\ufeffname,count,state\r\nProp 002,2,Lost\r\nProp 005,5,Lost\r\nProp 008,8,Lost\r\n",
  );
});

it("tells what was done, shows how it was then, and takes it back", async () => {
  const desk = await propsDesk(3);
  const first = (await listed(desk)).records[0];
  await desk.post("/records/update", {
    table: "Props",
    entity_id: first?.entity_id,
    fields: { name: "Rope", count: 40 },
  });
  const { page, shows, press } = await windowOn(browser, desk);
  await shows(0, 0, "Rope");
  await page.getByRole("navigation").getByRole("link", { name: "History" }).click();
  const edit = page.getByRole("button", { name: /edited 2 cells in Props/ });
  await edit.click();
  await page.locator(".act-changes").getByText("40").waitFor();
  await shoot(page, "history-acts");
  const before = page.locator(".timeline-entry", { hasText: "added 3 records to Props" });
  await before.hover();
  await before.getByRole("button", { name: "As of then" }).click();
  await page.getByRole("region", { name: "The past" }).waitFor();
  await shows(0, 0, "Prop 000");
  await shoot(page, "as-of-then");
  await page.locator('[id="cell-0-0"]').click();
  await press("x");
  await page.locator(".editor").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Back to now" }).click();
  await shows(0, 0, "Rope");
  await page.getByRole("navigation").getByRole("link", { name: "History" }).click();
  const act = page.locator(".timeline-entry", { hasText: "edited 2 cells in Props" });
  await act.hover();
  await act.getByRole("button", { name: "Revert" }).click();
  await page.getByText("Taken back").waitFor();
  expect((await listed(desk)).records[0]?.fields).toMatchObject({ name: "Prop 000", count: 0 });
});

it("keeps ordered links in the order they are dragged to", async () => {
  const desk = await propsDesk(4);
  const [one, ...rest] = (await listed(desk, "sort=name")).records;
  for (const other of rest) {
    await desk.post("/edges/create", {
      source: one?.entity_id,
      target: other.entity_id,
      edge_type: "packed with",
      ordered: true,
    });
  }
  const { page, press, cell } = await windowOn(browser, desk);
  await cell(0, 0).click();
  await press("Space");
  const links = page.getByRole("region", { name: "Links" });
  const names = () => links.locator(".edge-line .link").allInnerTexts();
  await expect.poll(names).toEqual(["Prop 001", "Prop 002", "Prop 003"]);
  await links
    .getByRole("button", { name: "Move Prop 003" })
    .dragTo(links.locator(".edge-line").first(), { targetPosition: { x: 40, y: 6 } });
  await expect.poll(names).toEqual(["Prop 003", "Prop 001", "Prop 002"]);
  await links.getByRole("button", { name: "Move Prop 002" }).focus();
  await press("ArrowUp");
  await expect.poll(names).toEqual(["Prop 003", "Prop 002", "Prop 001"]);
  await shoot(page, "record-links");
});
