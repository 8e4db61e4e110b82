/** Every screen in every theme on the demo show: it comes, nothing fails, nothing is inaccessible; pictures are kept. */
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, openWindow, shoot } from "./browser";
import { Engine } from "./engine";
import { windowOn } from "./stage";

const THEMES = [
  ["dark", "Dark"],
  ["light", "Light"],
  ["show", "Show: dim red"],
] as const;

let engine: Engine;
let browser: Browser;

beforeAll(async () => {
  // Looked at only: nothing here writes, so that one serves all tests.
  engine = await Engine.start("Prompt Desk", "demo");
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await engine?.stop();
});

/**
 * What axe finds, as rule and element: by all rules, or only by those that a theme can break. The page's policy forbids
 * its script, so that it runs beside the page.
 */
async function violations(page: Page, rules: "all" | "colours"): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (only) => {
    const { axe: judge } = globalThis as unknown as { axe: typeof axe };
    const runOnly = only === "colours" ? { runOnly: ["color-contrast"] } : {};
    return judge.run({ exclude: [[".text-host"]] }, { resultTypes: ["violations"], ...runOnly });
  }, rules);
  return found.violations.flatMap((rule) =>
    rule.nodes.map(
      (node) => `${rule.id}: ${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`,
    ),
  );
}

type Checkup = { checks: { title: string; advice: string | null }[] };

type Scene = (window: Awaited<ReturnType<typeof windowOn>>) => Promise<void>;

/** A screen is set once, then looked at in every theme. */
function screen(name: string, scene: Scene): void {
  it(`shows ${name} in every theme, for everybody`, async () => {
    const window = await windowOn(browser, engine);
    const { page, faults } = window;
    await page.locator(".row .cell-text").first().waitFor();
    await scene(window);
    for (const [theme] of THEMES) {
      await page.evaluate((next) => {
        document.documentElement.dataset.theme = next;
      }, theme);
      await shoot(page, `${name.replaceAll(" ", "-")}-${theme}`);
      expect(await violations(page, theme === "dark" ? "all" : "colours")).toEqual([]);
    }
    expect(faults).toEqual([]);
  });
}

async function goKeys(page: Page, letter: string, heading: string): Promise<void> {
  await page.keyboard.press("g");
  await page.keyboard.press(letter);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

screen("the grid", async ({ page, cell, goTable, press }) => {
  await goTable("Performances");
  await page.locator(".chip-link:not([data-pending])").first().waitFor();
  await cell(2, 1).click();
  await press("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight");
});

screen("a grouped grid", async ({ page, goTable }) => {
  await goTable("Cues");
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByRole("menuitem", { name: "department" }).click();
  await page.locator(".group-row").first().waitFor();
  await page.getByRole("menu").waitFor({ state: "detached" });
});

screen("a cell being edited", async ({ page, cell, goTable, press }) => {
  await goTable("Performances");
  await cell(2, 3).click();
  await press("Enter");
  await page.getByRole("listbox").waitFor();
});

screen("a record", async ({ page, cell, goTable, press }) => {
  await goTable("Performances");
  await cell(3, 0).click();
  await press("Space");
  await page.getByRole("complementary", { name: "Record" }).getByRole("heading", { level: 2 }).waitFor();
  await page.getByText("Not linked with other records.").waitFor();
  await page.getByRole("button", { name: "History of status" }).click();
  await page.locator(".field-history li").first().waitFor();
});

screen("the palette", async ({ page, press }) => {
  await press("Control+k");
  await page.getByRole("combobox", { name: "Go to anything" }).fill("fer");
  await page.getByRole("option").first().waitFor();
});

screen("the keys", async ({ page }) => {
  await page.getByRole("button", { name: "Help" }).click();
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
});

screen("the filter", async ({ page, goTable }) => {
  await goTable("Cues");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("button", { name: "Add a group" }).click();
  await page.getByRole("button", { name: "Remove group" }).waitFor();
});

screen("no conflicts", ({ page }) => goKeys(page, "c", "Conflicts"));

screen("the history", async ({ page }) => {
  await goKeys(page, "h", "History");
  await page.locator(".timeline-what").first().click();
  await page.locator(".act-changes li").first().waitFor();
});

screen("the audit trail", async ({ page }) => {
  await goKeys(page, "a", "Audit trail");
  await page.locator(".timeline-what").first().click();
  await page.getByText("Signed bundle").waitFor();
  await page.locator(".act-changes li").first().waitFor();
});

screen("a link being made", async ({ page, cell, goTable, press }) => {
  await goTable("Performances");
  await cell(3, 0).click();
  await press("Space");
  await page.getByRole("button", { name: "Link a record" }).click();
  await page.getByRole("listbox", { name: "Records" }).getByRole("option").first().waitFor();
  await page.getByRole("combobox", { name: "Kind of link" }).click();
  await page.getByRole("option", { name: "related" }).waitFor();
});

screen("a table being made", async ({ page }) => {
  await page.getByRole("button", { name: "New table" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Call sheet");
  await page.getByLabel("Field type").nth(1).selectOption("What another record says");
  await page.getByLabel("And shows its").waitFor();
});

screen("the views", async ({ page, goTable }) => {
  if ((await engine.get<{ views: unknown[] }>("/views/list")).views.length === 0)
    for (const name of ["Open LX notes", "Tonight", "By department"])
      await engine.post("/views/create", { table: "Cues", name, settings: '{"version":1,"frozen":2}' });
  await goTable("Cues");
  await page.getByRole("navigation").getByRole("button", { name: "Tonight" }).click();
  await page.locator(".view-button").click();
  await page.getByRole("menuitem", { name: "Rename…" }).waitFor();
  await shoot(page, "view-menu");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
});

screen("nobody met", ({ page }) => goKeys(page, "p", "Peers"));

screen("an invitation", async ({ page }) => {
  await goKeys(page, "p", "Peers");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByRole("img", { name: "Invitation as a QR code" }).waitFor();
  await page.locator(".words b").first().waitFor();
});

screen("the beginning", async ({ page }) => {
  await page.evaluate(() => {
    location.hash = "#/start";
  });
  await page.getByRole("heading", { name: "Create a workspace" }).waitFor();
  await page.getByLabel("Invitation").fill("an invitation");
  await page.locator(".words b").first().waitFor();
});

screen("the doctor", async ({ page }) => {
  await page.evaluate(() => {
    location.hash = "#/doctor";
  });
  await page.getByLabel("Name of the device").fill("Booth");
  await page.getByRole("button", { name: "Look for it" }).click();
  await page.getByText("Booth was never heard").waitFor();
  await page.getByRole("button", { name: "Check again" }).waitFor();
  const { checks } = await engine.get<Checkup>("/doctor?peer=Booth");
  const told = await page.locator(".screen-body").innerText();
  for (const { title, advice } of checks) {
    expect(told).toContain(title);
    if (advice) expect(told).toContain(advice);
  }
});

screen("a decision to settle", async ({ page }) => {
  await page.route("**/openapi.json*", (route) =>
    route.fulfill({ json: { paths: { "/decisions/conflicts": {} } } }),
  );
  await page.route("**/decisions/conflicts*", (route) => route.fulfill({ json: DECISIONS }));
  await page.reload();
  await page.locator(".row .cell-text").first().waitFor();
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Decisions 1/ })
    .click();
  await page.getByText("each without the other").waitFor();
});

it("chooses a theme and keeps it", async () => {
  const { page } = await windowOn(browser, engine);
  for (const [theme, words] of THEMES) {
    await page.getByRole("button", { name: "Looks" }).click();
    await page.getByRole("menuitem", { name: words, exact: true }).click();
    await page.locator(`html[data-theme="${theme}"]`).waitFor();
    await page.getByRole("menu").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "Looks" }).click();
  await page.getByRole("menuitem", { name: "Light", exact: true }).click();
  await page.reload();
  await page.locator('html[data-theme="light"]').waitFor();
});

it("goes from the top to the cells by Tab alone, and leaves them by Tab at their end", async () => {
  const { page, press } = await windowOn(browser, engine);
  await page.locator(".row .cell-text").first().waitFor();
  await press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
  await press("Enter");
  const reached = async () => page.evaluate(() => document.activeElement?.getAttribute("role"));
  for (let step = 0; step < 20 && (await reached()) !== "grid"; step++) await press("Tab");
  expect(await reached()).toBe("grid");
  await press("ArrowDown", "Control+End");
  await page.locator('.grid[aria-activedescendant^="cell-59-"]').waitFor();
  await press("Tab");
  expect(await reached()).not.toBe("grid");
});

it("stands still for those who ask for it", async () => {
  const { page, context } = await openWindow(browser, engine);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.locator(".button").first().waitFor();
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.transitionDuration
          .split(",")
          .some((time) => Number.parseFloat(time) > 0 && style.transitionProperty !== "none");
      }).length,
  );
  expect(moving).toBe(0);
  await context.close();
});

const BOOKING = { person: "Masur", on: "2026-10-20", at: "20:00" };
const DECISIONS = {
  conflicts: [
    {
      decision_id: "d1",
      command_type: "bookings.book",
      actor_id: "aa11",
      at: "2026-11-21T12:00:00Z",
      status: "open",
      mutual: true,
      own: [
        {
          op_id: "o1",
          event_type: "bookings.booked",
          payload: { ...BOOKING, for: "Orchestra call" },
          actor_id: "aa11",
          at: "2026-11-21T12:00:00Z",
        },
      ],
      unseen: [
        {
          op_id: "o2",
          event_type: "bookings.booked",
          payload: { ...BOOKING, for: "Radio interview" },
          actor_id: "bb22",
          at: "2026-11-21T11:58:00Z",
        },
      ],
    },
  ],
};
