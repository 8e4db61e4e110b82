/** Fields that are more than a value: lists that several write, and fields that show what another record says. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, shoot } from "./browser";
import type { Engine } from "./engine";
import { engineFor, joined, listed, propsDesk, same, windowOn } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

/** The items of the list in the open record, as they stand there. */
const shown = (page: Page) =>
  page
    .locator(".list-items .list-input")
    .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));

const kept = async (engine: Engine) => (await listed(engine, "", "Cues")).records[0]?.fields.steps;

async function cueDesk(): Promise<Engine> {
  const desk = await engineFor();
  await desk.post("/workspace/create", { name: "Ferry" });
  await desk.post("/tables/create", {
    name: "Cues",
    fields: [
      { name: "call", type: "text" },
      { name: "steps", type: "crdt_list" },
    ],
  });
  await desk.post("/records/create", { table: "Cues", records: [{ call: "Gangway in" }] });
  return desk;
}

it("makes a list by keys alone: adds, writes, moves, removes, takes back", async () => {
  const desk = await cueDesk();
  const { page, press, cell, faults } = await windowOn(browser, desk);
  await cell(0, 1).click();
  await press("Enter");
  const add = page.getByRole("textbox", { name: "Add to steps" });
  await add.click();
  for (const step of ["Brake off", "Push", "Brake on", "Clear"]) {
    await page.keyboard.type(step);
    await press("Enter");
  }
  await expect.poll(() => kept(desk)).toEqual(["Brake off", "Push", "Brake on", "Clear"]);
  const items = page.getByRole("textbox", { name: "Item of steps" });
  await items.nth(1).fill("Push, slowly");
  await press("Enter");
  await expect.poll(() => kept(desk)).toEqual(["Brake off", "Push, slowly", "Brake on", "Clear"]);
  // The focus went on to the next; with Alt it moves, and takes the focus along.
  await press("Alt+ArrowDown");
  await expect.poll(() => kept(desk)).toEqual(["Brake off", "Push, slowly", "Clear", "Brake on"]);
  await press("Alt+ArrowUp", "Alt+ArrowUp");
  await expect.poll(() => kept(desk)).toEqual(["Brake off", "Brake on", "Push, slowly", "Clear"]);
  await items.nth(0).fill("");
  await press("Backspace");
  await expect.poll(() => kept(desk)).toEqual(["Brake on", "Push, slowly", "Clear"]);
  await press("Control+z");
  await expect.poll(() => kept(desk)).toEqual(["Brake off", "Brake on", "Push, slowly", "Clear"]);
  await press("Control+Shift+z");
  await expect.poll(() => kept(desk)).toEqual(["Brake on", "Push, slowly", "Clear"]);
  await shoot(page, "list");
  await expect
    .poll(() => cell(0, 1).locator(".chip-item").allInnerTexts())
    .toEqual(["Brake on", "Push, slowly", "Clear"]);
  expect(faults).toEqual([]);
});

it("moves an item with the pointer", async () => {
  const desk = await cueDesk();
  const { page, press, cell } = await windowOn(browser, desk);
  await cell(0, 0).click();
  await press("Space");
  const add = page.getByRole("textbox", { name: "Add to steps" });
  await add.click();
  for (const step of ["One", "Two", "Three"]) {
    await page.keyboard.type(step);
    await press("Enter");
  }
  await expect.poll(() => kept(desk)).toEqual(["One", "Two", "Three"]);
  const handle = (name: string) => page.getByRole("button", { name: `Move “${name}” in steps` });
  await handle("Three").dragTo(handle("One"));
  await expect.poll(() => kept(desk)).toEqual(["Three", "One", "Two"]);
  expect(await shown(page)).toEqual(["Three", "One", "Two"]);
});

it("lets two people write in one list at once, and loses nothing of either", async () => {
  const desk = await cueDesk();
  const booth = await joined(desk);
  const [here, there] = [await windowOn(browser, desk), await windowOn(browser, booth)];
  for (const { cell, press } of [here, there]) {
    await cell(0, 0).click();
    await press("Space");
  }
  const add = (page: Page) => page.getByRole("textbox", { name: "Add to steps" });
  const item = (page: Page, index: number) => page.getByRole("textbox", { name: "Item of steps" }).nth(index);
  await add(here.page).fill("Brake off");
  await here.press("Enter");
  await add(there.page).fill("Clear");
  await there.press("Enter");
  await expect.poll(async () => (await shown(here.page)).toSorted()).toEqual(["Brake off", "Clear"]);
  await expect.poll(async () => (await shown(there.page)).toSorted()).toEqual(["Brake off", "Clear"]);
  // One writes in an item while the other adds another above it: the hand stays where it is.
  const [first] = await shown(here.page);
  await item(there.page, 0).click();
  await there.press("End");
  await there.page.keyboard.type(", gen");
  await item(here.page, 0).click();
  await add(here.page).fill("Listen");
  await here.press("Enter");
  await item(here.page, 2).focus();
  await here.press("Alt+ArrowUp", "Alt+ArrowUp");
  await expect.poll(async () => (await shown(there.page))[0]).toBe("Listen");
  await there.page.keyboard.type("tly");
  await there.press("Enter");
  await expect.poll(() => kept(desk)).toContain(`${first}, gently`);
  await same(desk, booth);
  const both = (await kept(desk)) as string[];
  expect(both.toSorted()).toEqual(
    [`${first}, gently`, "Listen", first === "Clear" ? "Brake off" : "Clear"].toSorted(),
  );
  for (const { page } of [here, there]) await expect.poll(() => shown(page)).toEqual(both);
  // What one writes in an item that the other takes away is kept for them to add.
  await item(there.page, 0).click();
  await there.page.keyboard.type(" again");
  await item(here.page, 0).hover();
  await here.page.getByRole("button", { name: "Remove “Listen” from steps" }).click();
  await expect.poll(() => add(there.page).inputValue()).toBe("Listen again");
});

it("shows what stands after a draft was thrown away, in a text as in a list, and goes on from there", async () => {
  const desk = await propsDesk(1);
  await desk.post("/tables/update", { table: "Props", add_fields: [{ name: "steps", type: "crdt_list" }] });
  const { page, cell, press } = await windowOn(browser, desk);
  const { overlay_id } = await desk.post<{ overlay_id: string }>("/overlays/create", { name: "Tech notes" });
  await page.getByRole("region", { name: "Active draft" }).waitFor();
  await cell(0, 0).click();
  await press("Space");
  const text = page.locator('.text-host[data-field="notes"] .cm-content');
  const add = page.getByRole("textbox", { name: "Add to steps" });
  const stands = async () => {
    const { notes, steps } = (await listed(desk)).records[0]?.fields ?? {};
    return { notes: notes ?? "", steps: steps ?? [] };
  };
  await text.click();
  await page.keyboard.type("Of the draft");
  await add.fill("Of the draft");
  await press("Enter");
  await expect.poll(stands).toEqual({ notes: "Of the draft", steps: ["Of the draft"] });
  await desk.post("/overlays/discard", { overlay_id });
  await expect.poll(() => text.locator(".cm-placeholder").count()).toBe(1);
  await expect.poll(() => shown(page)).toEqual([]);
  await text.click();
  await page.keyboard.type("For all");
  await add.fill("For all");
  await press("Enter");
  await expect.poll(stands).toEqual({ notes: "For all", steps: ["For all"] });
});

it("makes a field that follows another record, shows broken targets, and refuses a circle in words", async () => {
  const desk = await engineFor();
  await desk.post("/workspace/create", { name: "Ferry" });
  await desk.post("/tables/create", {
    name: "Props",
    fields: [
      { name: "name", type: "text" },
      { name: "keeper", type: "entity" },
    ],
  });
  await desk.post("/tables/create", {
    name: "People",
    fields: [
      { name: "name", type: "text" },
      { name: "phone", type: "text" },
      { name: "favourite", type: "entity" },
    ],
  });
  const people = await desk.post<{ entity_ids: string[] }>("/records/create", {
    table: "People",
    records: [
      { name: "Ada Quill", phone: "0151 20" },
      { name: "Bo Marsh", phone: "0151 21" },
    ],
  });
  const [ada, bo] = people.entity_ids;
  const records = [ada, bo].map((entity, row) => ({ name: `Prop ${row}`, keeper: { entity } }));
  await desk.post("/records/create", { table: "Props", records });
  const { page, shows, goTable, cell, press } = await windowOn(browser, desk);

  await goTable("Props");
  await shows(0, 0, "Prop 0");
  await page.getByRole("button", { name: "Add a field" }).click();
  const form = page.getByRole("dialog", { name: "Add a field" });
  await form.getByLabel("Name").fill("call on");
  await form.getByLabel("Holds").selectOption({ label: "What another record says" });
  // Where the field leads is known from what it holds.
  await expect
    .poll(() => form.getByLabel("To a record of").locator("option:checked").innerText())
    .toBe("People");
  await form.getByLabel("And shows its").selectOption({ label: "phone" });
  await shoot(page, "reference-field");
  await form.getByRole("button", { name: "Add field" }).click();
  await shows(0, 2, "0151 20");
  await shows(1, 2, "0151 21");
  await desk.post("/records/update", { table: "People", entity_id: ada, fields: { phone: "0151 99" } });
  await shows(0, 2, "0151 99");

  await desk.post("/records/delete", { entity_id: bo });
  await shows(1, 2, "leads to a deleted record");
  await cell(1, 2).click();
  await press("Enter");
  const panel = page.getByRole("complementary", { name: "Record" });
  await panel.getByText("leads to a deleted record").waitFor();
  await panel.getByText("People · phone, through keeper").waitFor();
  await shoot(page, "reference-broken");
  await press("Escape");

  // People follow the prop's call, and the call is to follow them.
  await desk.post("/tables/update", {
    table: "People",
    add_fields: [
      { name: "call back", reference: { via_field: "favourite", table: "Props", field: "call on" } },
    ],
  });
  await page.getByRole("button", { name: "Column call on" }).click();
  await page.getByRole("menuitem", { name: "What it shows…" }).click();
  const follow = page.getByRole("dialog", { name: "What “call on” shows" });
  const chosen = (label: string) => follow.getByLabel(label).locator("option:checked").innerText();
  expect([await chosen("To a record of"), await chosen("And shows its")]).toEqual(["People", "phone"]);
  await follow.getByLabel("And shows its").selectOption({ label: "call back" });
  await follow.getByRole("button", { name: "Follow it" }).click();
  await follow.getByRole("alert").waitFor();
  expect(await follow.getByRole("alert").innerText()).toContain(
    "That would lead in a circle: call on → call back → call on.",
  );
  await shoot(page, "reference-circle");
  await follow.getByLabel("And shows its").selectOption({ label: "name" });
  await follow.getByRole("button", { name: "Follow it" }).click();
  await shows(0, 2, "Ada Quill");
});

it("offers the kinds of link that are in use, and takes a new one", async () => {
  const desk = await propsDesk(4);
  const [a, b, c] = (await listed(desk)).records.map(({ entity_id }) => entity_id);
  for (const target of [b, c])
    await desk.post("/edges/create", { source: a, target, edge_type: "stands on" });
  const { page, press, cell } = await windowOn(browser, desk);
  await cell(3, 0).click();
  await press("Space");
  const link = async (kind: (field: ReturnType<Page["getByRole"]>) => Promise<void>) => {
    await page.getByRole("button", { name: "Link a record" }).click();
    await kind(page.getByRole("combobox", { name: "Kind of link" }));
    await page.getByRole("combobox", { name: "Record to link" }).fill("Prop 001");
    await page.getByRole("listbox", { name: "Records" }).getByText("Prop 001").click();
    await page.locator(".edge-add").waitFor({ state: "detached" });
  };
  await link(async (field) => {
    await field.click();
    await page.getByRole("option", { name: "stands on 2 links" }).waitFor();
    await press("ArrowDown", "Enter");
    expect(await field.inputValue()).toBe("stands on");
  });
  await page.getByRole("heading", { name: "stands on" }).waitFor();
  await link(async (field) => {
    await field.fill("struck with");
    await page.getByText("“struck with” will be a new one").waitFor();
  });
  await page.getByRole("heading", { name: "struck with" }).waitFor();
  const { kinds } = await desk.get<{ kinds: unknown[] }>("/edges/kinds");
  expect(kinds).toEqual([
    { edge_type: "stands on", edges: 3 },
    { edge_type: "struck with", edges: 1 },
  ]);
});

it("makes a table with a field that shows what another record says", async () => {
  const desk = await propsDesk(2);
  const { page } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "New table" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Moves");
  await dialog.getByLabel("Field name").nth(0).fill("prop");
  await dialog.getByLabel("Field type").nth(0).selectOption("Another record");
  await dialog.getByLabel("Field name").nth(1).fill("its state");
  await dialog.getByLabel("Field type").nth(1).selectOption("What another record says");
  await dialog.getByLabel("Leads on through").selectOption("The field “prop”");
  await dialog.getByLabel("And shows its").selectOption("state");
  await shoot(page, "create-table-reference");
  await dialog.getByRole("button", { name: "Create table" }).click();
  await page.getByRole("heading", { level: 1, name: "Moves" }).waitFor();
  const [prop] = (await listed(desk)).records;
  const fields = { prop: { entity: prop?.entity_id } };
  await desk.post("/records/create", { table: "Moves", fields });
  await page.locator('[id="cell-0-1"]:has-text("Ready")').waitFor();
});
