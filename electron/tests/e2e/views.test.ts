/** Saved views: shared by the team, kept by the engine, and moved there from browsers that had them. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, shoot } from "./browser";
import type { Engine } from "./engine";
import { address, joined, propsDesk, type Tables, WAIT, windowOn } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

type Views = { views: { view_id: string; name: string; settings: string }[] };
const viewsOf = async (engine: Engine) => (await engine.get<Views>("/views/list")).views;

async function groupByState(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "state" }).click();
  await page.locator(".group-row").nth(1).waitFor();
}

async function saveAs(page: Page, name: string): Promise<void> {
  await page.locator(".view-button").click();
  await page.getByRole("menuitem", { name: "Save as a new view…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await side(page, name).waitFor();
}

const side = (page: Page, name: string) =>
  page.getByRole("navigation").getByRole("button", { name, exact: true });

it("gives a view to everybody, who take up how it changes, and can decide where it was changed apart", async () => {
  const desk = await propsDesk(12);
  const booth = await joined(desk);
  const prompt = await windowOn(browser, desk);
  const light = await windowOn(browser, booth);
  await groupByState(prompt.page);
  await saveAs(prompt.page, "By state");
  await side(light.page, "By state").click();
  await light.page.locator(".group-row").nth(1).waitFor();
  await prompt.page.getByRole("button", { name: "Grouped by state" }).click();
  await prompt.page.getByRole("menuitem", { name: "Do not group" }).click();
  await prompt.page.locator(".view-button").click();
  await prompt.page.getByRole("menuitem", { name: "Save changes to “By state”" }).click();
  // Nothing was changed there, so it follows.
  await light.page
    .locator(".group-row")
    .first()
    .waitFor({ state: "detached", ...WAIT });
  expect(await light.page.getByRole("img", { name: "changed" }).count()).toBe(0);

  await booth.post("/sync/pause", {});
  const [view] = await viewsOf(desk);
  const settings = (kept: object) => JSON.stringify({ ...JSON.parse(view?.settings ?? ""), ...kept });
  const view_id = view?.view_id;
  await desk.post("/views/update", { view_id, settings: settings({ frozen: 2 }) });
  await booth.post("/views/update", { view_id, settings: settings({ frozen: 3 }) });
  await booth.post("/sync/resume", {});
  await booth.post("/peers/connect", { address: address(desk) });
  await prompt.page
    .getByRole("navigation")
    .getByRole("link", { name: /^Conflicts 1/ })
    .click();
  await prompt.page.getByText("View of Props").waitFor();
  await prompt.page.getByRole("heading", { name: "What it shows" }).waitFor();
  await shoot(prompt.page, "view-conflict");
  await prompt.page.getByRole("button", { name: /^3 columns stay in sight/ }).click();
  await prompt.page.getByRole("heading", { name: "No conflicts" }).waitFor();
  await expect.poll(async () => JSON.parse((await viewsOf(booth))[0]?.settings ?? "{}").frozen, WAIT).toBe(3);
});

it("keeps views when the engine answers elsewhere, and when they are deleted and undeleted", async () => {
  const desk = await propsDesk(12);
  const { page, context } = await windowOn(browser, desk);
  await groupByState(page);
  await saveAs(page, "By state");
  await page.locator(".view-button").click();
  await page.getByRole("menuitem", { name: "Delete view" }).click();
  await side(page, "By state").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undelete" }).click();
  await side(page, "By state").waitFor();
  await context.close();
  await desk.kill();
  await desk.restart("another port");
  const again = await windowOn(browser, desk);
  await side(again.page, "By state").click();
  await again.page.locator(".group-row").nth(1).waitFor();
});

it("moves views that a browser had for itself to the team, once", async () => {
  const desk = await propsDesk(12);
  const { page, counts } = await windowOn(browser, desk);
  // The page has looked for such views by then.
  await counts(12);
  const workspace = (await desk.get<{ workspace_id: string }>("/workspace/status")).workspace_id;
  const table = (await desk.get<Tables>("/tables/list")).tables[0]?.table_id;
  const key = `openprod.views.${workspace}.${table}`;
  const kept = [{ id: crypto.randomUUID(), name: "Mine", view: { group: "state", order: [], hidden: [] } }];
  await page.evaluate(
    ([name, value]) => localStorage.setItem(name ?? "", value ?? ""),
    [key, JSON.stringify(kept)],
  );
  await page.reload();
  await page.getByText("A view of this browser went to the whole team").waitFor();
  await side(page, "Mine").click();
  await page.locator(".group-row").nth(1).waitFor();
  await expect.poll(() => page.evaluate((name) => localStorage.getItem(name), key)).toBeNull();
  await page.reload();
  await side(page, "Mine").waitFor();
  expect(await viewsOf(desk)).toHaveLength(1);
});

it("shows a view of a newer version as such, and does not write over it", async () => {
  const desk = await propsDesk(3);
  const settings = '{"version":9,"gantt":true}';
  await desk.post("/views/create", { table: "Props", name: "Timeline", settings });
  const { page, counts } = await windowOn(browser, desk);
  await side(page, "Timeline").click();
  await counts(3);
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "state" }).click();
  await page.locator(".view-button").click();
  await page.getByText("A newer version of OpenProd made this view.").waitFor();
  expect(await page.getByRole("menuitem", { name: /^Save changes/ }).count()).toBe(0);
  await page.getByRole("menuitem", { name: "Rename…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Gantt");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await side(page, "Gantt").waitFor();
  expect(await viewsOf(desk)).toMatchObject([{ name: "Gantt", settings }]);
});
