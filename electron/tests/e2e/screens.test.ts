/** Every screen on the demo show: it comes, nothing fails, nothing is inaccessible; pictures are kept. */
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openBrowser, openWindow, shoot, type Window } from "./browser";
import { Engine } from "./engine";

let engine: Engine;
let browser: Browser;
let window: Window;
let page: Page;

beforeAll(async () => {
  engine = await Engine.start("Prompt Desk", "demo");
  browser = await openBrowser();
  window = await openWindow(browser, engine);
  page = window.page;
});

beforeEach(({ task, onTestFailed }) => onTestFailed(() => shoot(page, `failed: ${task.name}`)));

afterAll(async () => {
  await browser?.close();
  await engine?.stop();
});

/** What axe finds, as rule and element. The page's policy forbids its script, so that it runs beside the page. */
async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: judge } = globalThis as unknown as { axe: typeof axe };
    return judge.run({ exclude: [[".text-host"]] }, { resultTypes: ["violations"] });
  });
  return found.violations.flatMap((rule) =>
    rule.nodes.map(
      (node) => `${rule.id}: ${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`,
    ),
  );
}

async function goTable(name: string): Promise<void> {
  await page
    .getByRole("navigation")
    .getByRole("link", { name: new RegExp(`^${name}`) })
    .click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.locator(".row .cell-text").first().waitFor();
}

it("shows a table as a grid", async () => {
  await page.getByRole("grid", { name: "People" }).waitFor();
  await page.locator('[id="cell-0-0"]').click();
  await shoot(page, "grid-people-dark");
  expect(await violations()).toEqual([]);
  await goTable("Performances");
  await page.locator(".chip-link:not([data-pending])").first().waitFor();
  await page.locator('[id="cell-2-1"]').click();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  await shoot(page, "grid-performances-dark");
  expect(await violations()).toEqual([]);
});

it("has a light and a show theme", async () => {
  for (const [theme, words] of [
    ["light", "Light"],
    ["show", "Show: dim red"],
    ["dark", "Dark"],
  ] as const) {
    await page.getByRole("button", { name: "Looks" }).click();
    await page.getByRole("menuitem", { name: words, exact: true }).click();
    await page.locator(`html[data-theme="${theme}"]`).waitFor();
    await page.getByRole("menu").waitFor({ state: "detached" });
    await shoot(page, `grid-performances-${theme}`);
    expect(await violations()).toEqual([]);
  }
});

it("opens a record beside the grid", async () => {
  await page.locator('[id="cell-3-0"]').click();
  await page.keyboard.press("Space");
  await page.getByRole("complementary", { name: "Record" }).getByRole("heading", { level: 2 }).waitFor();
  await page.getByText("Not linked with other records.").waitFor();
  await shoot(page, "record");
  expect(await violations()).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("complementary", { name: "Record" }).waitFor({ state: "detached" });
});

it("groups, and shows cues", async () => {
  await goTable("Cues");
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "department" }).click();
  await page.locator(".group-row").first().waitFor();
  await page.getByRole("menu").waitFor({ state: "detached" });
  await shoot(page, "grid-grouped");
  expect(await violations()).toEqual([]);
});

it("finds and goes to anything", async () => {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to anything" }).fill("fer");
  await page.getByRole("option").first().waitFor();
  await shoot(page, "palette");
  expect(await violations()).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Go to anything" }).waitFor({ state: "detached" });
});

it("tells the keys", async () => {
  await page.getByRole("button", { name: "Help" }).click();
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await shoot(page, "help");
  expect(await violations()).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

it("shows conflicts, history and peers", async () => {
  for (const [key, heading] of [
    ["c", "Conflicts"],
    ["h", "History"],
    ["p", "Peers"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await shoot(page, heading.toLowerCase());
    expect(await violations()).toEqual([]);
  }
});

it("invites by text and code", async () => {
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByRole("img", { name: "Invitation as a QR code" }).waitFor();
  await shoot(page, "invite");
  expect(await violations()).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

it("begins with what is here, a new one, or an invitation", async () => {
  await page.evaluate(() => {
    location.hash = "#/start";
  });
  await page.getByRole("heading", { name: "Create a workspace" }).waitFor();
  await shoot(page, "welcome");
  expect(await violations()).toEqual([]);
});

it("reported no error of its own while all that was shown", () => {
  expect(window.faults).toEqual([]);
});
