/** Two people, each with an engine: drafts over the other's changes, conflicts, one text, and what was missed. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LARGE, openBrowser, publish, shoot } from "./browser";
import type { Engine } from "./engine";
import {
  address,
  engineFor,
  hash,
  joined,
  listed,
  propsDesk,
  same,
  type Tables,
  WAIT,
  windowOn,
} from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

/** Pulls the cable of an engine: it goes on alone until `plugIn`. */
const pullCable = (engine: Engine) => engine.post("/sync/pause", {});

async function plugIn(engine: Engine, other: Engine): Promise<void> {
  await engine.post("/sync/resume", {});
  await engine.post("/peers/connect", { address: address(other) });
}

const entityOf = async (engine: Engine, name: string) =>
  (await listed(engine, `q=${encodeURIComponent(name)}`)).records[0]?.entity_id ?? "";

async function goTo(page: Page, letter: string, heading: string): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press("g");
  await page.keyboard.press(letter);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

it("gathers changes in a draft, and decides where others changed the same", async () => {
  const desk = await propsDesk(4);
  const booth = await joined(desk);
  const { page, press, cell } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await page.getByRole("menuitem", { name: "New draft…" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Tech notes");
  await page.getByRole("button", { name: "Start draft" }).click();
  const bar = page.getByRole("region", { name: "Active draft" });
  await bar.waitFor();
  await cell(0, 0).click();
  await page.keyboard.type("Renamed in draft");
  await press("Enter");
  await bar.getByText("1 change", { exact: true }).waitFor();
  await page.locator('[id="cell-0-0"][data-draft]').waitFor();
  await shoot(page, "draft");
  const entity_id = await entityOf(booth, "Prop 000");
  await booth.post("/records/update", {
    table: "Props",
    entity_id,
    fields: { name: "Renamed in the booth" },
  });
  await bar.getByText("1 to decide").click();
  await page.getByText("Others changed what this draft changes").waitFor();
  await shoot(page, "draft-drift");
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Props/ })
    .click();
  await bar.getByRole("button", { name: "Decide, then commit" }).click();
  await page.getByText("decide first whose stands, then commit").waitFor();
  await page.getByText("Others changed what this draft changes").waitFor();
  expect(await page.getByRole("main").getByRole("button", { name: "Commit", exact: true }).isDisabled()).toBe(
    true,
  );
  await page.getByRole("button", { name: /Keep mine/ }).click();
  await page.getByText("Others changed what this draft changes").waitFor({ state: "detached" });
  await press("Control+Enter");
  await page.getByText(/^Committed “Tech notes”/).waitFor();
  await expect.poll(async () => (await listed(booth, "q=Renamed in draft")).total, WAIT).toBe(1);
});

it("shows a conflict at its cell and in the inbox, and decides it for both", async () => {
  const desk = await propsDesk(4);
  const booth = await joined(desk);
  const entity_id = await entityOf(desk, "Prop 001");
  await pullCable(booth);
  await booth.post("/records/update", { table: "Props", entity_id, fields: { count: 7 } });
  await desk.post("/records/update", { table: "Props", entity_id, fields: { count: 8_000 } });
  await plugIn(booth, desk);
  const { page, press } = await windowOn(browser, desk);
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Conflicts 1/ })
    .waitFor();
  await page.getByRole("button", { name: "Conflict in count" }).click();
  await page.getByText("written in two places").waitFor();
  await page.getByText("Booth").first().waitFor();
  await shoot(page, "conflict");
  await press("Escape");
  await page.getByText("written in two places").waitFor({ state: "detached" });
  await goTo(page, "c", "Conflicts");
  await shoot(page, "conflict-inbox");
  await page.getByRole("button", { name: /^7 Booth/ }).click();
  await page.getByRole("heading", { name: "No conflicts" }).waitFor();
  expect((await listed(desk, "q=Prop 001")).records[0]?.fields.count).toBe(7);
  await expect.poll(async () => (await listed(booth, "q=Prop 001")).records[0]?.fields.count, WAIT).toBe(7);
  await same(desk, booth);
  await goTo(page, "p", "Peers");
  await page.getByText("Connected", { exact: true }).waitFor();
  await shoot(page, "peers-connected");
});

it("shows a double booking that was made apart on both, and settles it for both", async () => {
  const desk = await propsDesk(2);
  const booth = await joined(desk);
  const context = {
    filters: [
      {
        event_types: ["bookings.booked"],
        payload_predicates: [{ person: "Masur", hour: "2026-10-20T20:00" }],
      },
    ],
  };
  const book = (engine: Engine, to: string) =>
    engine.post("/events/append_if", {
      events: [
        { event_type: "bookings.booked", payload: { person: "Masur", hour: "2026-10-20T20:00", for: to } },
      ],
      context,
      expected_context_version: null,
    });
  await pullCable(booth);
  await book(desk, "Orchestra call");
  await book(booth, "Radio interview");
  await plugIn(booth, desk);
  const { page } = await windowOn(browser, desk);
  const decisions = page.getByRole("navigation").getByRole("link", { name: /^Decisions 2/ });
  await decisions.waitFor();
  await decisions.click();
  await page.getByText("each without the other").first().waitFor();
  await page.getByText("Radio interview").first().waitFor();
  await shoot(page, "double-booking");
  const card = page.getByRole("article").first();
  await card.getByLabel("Why").fill("Masur does both");
  await card.getByRole("button", { name: "Accept both" }).click();
  await page.getByRole("heading", { name: "Nothing to settle" }).waitFor();
  const { page: other } = await windowOn(browser, booth);
  await other.locator(".row .cell-text").first().waitFor();
  await expect
    .poll(
      async () =>
        (await booth.get<{ conflicts: unknown[] }>("/decisions/conflicts?status=open")).conflicts.length,
      WAIT,
    )
    .toBe(0);
  await other
    .getByRole("navigation")
    .getByRole("link", { name: /^Decisions/ })
    .click();
  await other.getByRole("heading", { name: "Nothing to settle" }).waitFor();
  await same(desk, booth);
});

it("decides many conflicts at once", async () => {
  const desk = await propsDesk(5);
  const booth = await joined(desk);
  const { records } = await listed(desk, "sort=name");
  await pullCable(booth);
  for (const { entity_id } of records.slice(0, 3)) {
    await booth.post("/records/update", { table: "Props", entity_id, fields: { count: 100, state: "Lost" } });
    await desk.post("/records/update", { table: "Props", entity_id, fields: { count: 200 } });
  }
  await plugIn(booth, desk);
  const { page } = await windowOn(browser, desk);
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Conflicts 3/ })
    .click();
  await page.getByText("3 open").waitFor();
  await shoot(page, "conflicts-many");
  await page.getByRole("button", { name: "Decide all…" }).click();
  await page.getByRole("menuitem", { name: "Take those of Booth" }).click();
  await page.getByRole("heading", { name: "No conflicts" }).waitFor();
  const counts = (await listed(desk, "sort=name")).records.map((row) => row.fields.count);
  expect(counts).toEqual([100, 100, 100, 3, 4]);
});

it("lets two people write in one text at once", async () => {
  const desk = await propsDesk(1);
  const booth = await joined(desk);
  const at = (engine: Engine) => windowOn(browser, engine, { width: 1200, height: 800 });
  const [here, there] = [await at(desk), await at(booth)];
  for (const { cell, press } of [here, there]) {
    await cell(0, 0).click();
    await press("Space");
  }
  const text = (page: Page) => page.locator('.text-host[data-field="notes"] .cm-content');
  await text(here.page).click();
  await here.page.keyboard.type("Blue side out 🎭. ");
  await text(there.page).getByText("Blue side out 🎭.").waitFor();
  await text(there.page).click();
  await there.press("Control+End");
  await there.page.keyboard.type("Mind the hinge.");
  await text(here.page).click();
  await here.press("Control+Home");
  await here.page.keyboard.type("Act 2: ");
  const whole = "Act 2: Blue side out 🎭. Mind the hinge.";
  for (const { page } of [here, there]) await text(page).getByText(whole).waitFor();
  await shoot(here.page, "text");
  await same(desk, booth);
});

it("tells what came while this page was away, deletions first, and undeletes in place", async () => {
  const desk = await propsDesk(4);
  const booth = await joined(desk);
  const first = await windowOn(browser, desk);
  await first.counts(4);
  const state = await expect
    .poll(() =>
      first.page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith("openprod.seen."))),
    )
    .toBe(true)
    .then(() => first.context.storageState());
  await first.page.close();
  await booth.post("/records/delete", { entity_id: await entityOf(booth, "Prop 002") });
  const entity_id = await entityOf(booth, "Prop 001");
  await booth.post("/records/update", { table: "Props", entity_id, fields: { count: 41 } });
  await same(desk, booth);
  const { page, counts } = await windowOn(browser, desk, { ...LARGE, storageState: state });
  const away = page.getByRole("complementary", { name: "While you were away" });
  await away.getByText("deleted 1 and changed 1 records").waitFor();
  await away.getByRole("button", { name: "Show", exact: true }).click();
  await shoot(page, "away");
  await away.getByRole("button", { name: "Undelete Prop 002" }).click();
  await counts(4);
  await away.getByRole("button", { name: "Seen" }).click();
  await away.waitFor({ state: "detached" });
});

it("tells why a member is not seen, as the engine found out, and that it is seen again", async () => {
  const desk = await propsDesk();
  const booth = await joined(desk);
  const { page, goTable } = await windowOn(browser, desk);
  await goTable("Props");
  await goTo(page, "p", "Peers");
  await page.getByRole("button", { name: "Find out why" }).click();
  const others = page.locator(".screen-body");
  await others.getByText("Connected.", { exact: true }).waitFor(WAIT);
  await booth.kill();
  type Reasons = { peers: { name: string; reason: { title: string; advice: string | null } | null }[] };
  const reason = async () => (await desk.get<Reasons>("/doctor")).peers[0]?.reason ?? null;
  await expect.poll(reason, WAIT).not.toBeNull();
  const again = page.getByRole("button", { name: "Check again" });
  await expect
    .poll(async () => {
      await again.click();
      await again.waitFor();
      const told = await others.innerText();
      const found = await reason();
      // The name stands above it already.
      const why = found?.title.split(": ").at(-1)?.slice(1);
      return why !== undefined && told.includes(why) && told.includes(found?.advice ?? "");
    }, WAIT)
    .toBe(true);
  await shoot(page, "doctor-away");
  await booth.restart();
  await desk.post("/peers/connect", { address: address(booth) });
  await expect
    .poll(async () => {
      await again.click();
      await again.waitFor();
      return others.innerText();
    }, WAIT)
    .toContain("Connected.");
});

it("says so when the engine is gone, loses nothing, and goes on by itself when it is back", async () => {
  const desk = await propsDesk(3);
  const { page, cell, press, shows } = await windowOn(browser, desk);
  await cell(0, 0).click();
  await page.keyboard.type("Rope");
  await press("Enter");
  await expect.poll(async () => (await listed(desk, "q=Rope")).total).toBe(1);
  await desk.kill();
  await page.getByText("The engine on this computer does not answer. Trying again…").waitFor();
  await page.getByRole("button", { name: /^Engine away/ }).waitFor();
  await cell(1, 0).click();
  await page.keyboard.type("Ladder");
  await press("Enter");
  await page.getByText("Nothing that was saved is lost.").waitFor();
  await shows(1, 0, "Prop 001");
  await shoot(page, "engine-away");
  await desk.restart();
  await page.getByText("The engine on this computer does not answer. Trying again…").waitFor({
    state: "detached",
  });
  await cell(1, 0).click();
  await page.keyboard.type("Ladder");
  await press("Enter");
  await expect.poll(async () => (await listed(desk, "q=Ladder")).total, WAIT).toBe(1);
  await page.reload();
  await shows(1, 0, "Ladder");
  await desk.kill();
  await desk.restart("same port", "--new-token");
  await page.getByRole("heading", { name: "This page needs a new link" }).waitFor();
  await shoot(page, "needs-new-link");
  await page.goto(await desk.link());
  await shows(0, 0, "Rope");
  await shows(1, 0, "Ladder");
});

it("plays the first minutes: cable pulled, one cell changed twice, plugged in, decided, and both hold the same", async () => {
  const desk = await propsDesk(12);
  const booth = await joined(desk);
  const size = { width: 1000, height: 800 };
  const prompt = await windowOn(browser, desk, size);
  const light = await windowOn(browser, booth, size);
  const both = [prompt, light];
  for (const { page } of both) await page.getByRole("button", { name: /^Live with 1/ }).waitFor(WAIT);

  await goTo(light.page, "p", "Peers");
  await light.page.getByRole("button", { name: "Pause", exact: true }).click();
  await light.page.getByRole("button", { name: "Resume", exact: true }).waitFor();
  await light.page.getByRole("button", { name: /^Paused/ }).waitFor();
  await light.goTable("Props");
  for (const [window, name] of [
    [prompt, "Gangway, painted"],
    [light, "Gangway, replaced"],
  ] as const) {
    await window.cell(3, 0).click();
    await window.page.keyboard.type(name);
    await window.press("Enter");
    await window.shows(3, 0, name);
  }
  await expect.poll(async () => (await listed(desk, "q=painted")).total).toBe(1);
  await expect.poll(async () => (await listed(booth, "q=replaced")).total).toBe(1);
  expect(await hash(desk)).not.toBe(await hash(booth));

  await goTo(light.page, "p", "Peers");
  await light.page.getByRole("button", { name: "Resume", exact: true }).click();
  await light.page.getByLabel("Address of a member").fill(address(desk));
  await light.page.getByRole("button", { name: "Connect", exact: true }).click();
  for (const { page } of both) {
    await page
      .getByRole("navigation")
      .getByRole("link", { name: /^Conflicts 1/ })
      .waitFor(WAIT);
  }
  await prompt.page.getByRole("button", { name: "Conflict in name" }).waitFor();
  await goTo(light.page, "c", "Conflicts");
  await light.page.getByText("Gangway, painted").waitFor();
  await shoot(light.page, "first-minutes-booth");
  await shoot(prompt.page, "first-minutes-desk");
  await light.page.getByRole("button", { name: /^Gangway, painted/ }).click();
  await light.page.getByRole("heading", { name: "No conflicts" }).waitFor();
  await prompt.page.getByRole("button", { name: "Conflict in name" }).waitFor({ state: "detached", ...WAIT });
  await prompt.shows(3, 0, "Gangway, painted");

  const shown = async (page: Page) => (await page.locator("code[data-hash]").innerText()).trim();
  for (const { page } of both) await goTo(page, "p", "Peers");
  const agree = async () => {
    const truth = [await hash(desk), await hash(booth)];
    const told = [await shown(prompt.page), await shown(light.page)];
    return truth[0] === truth[1] && told.every((one) => truth[0]?.startsWith(one));
  };
  await expect.poll(agree, WAIT).toBe(true);
  await shoot(prompt.page, "first-minutes-agree");
  for (const { faults } of both) expect(faults).toEqual([]);
});

it("makes the pictures of the README", async () => {
  const desk = await engineFor();
  await desk.post("/workspace/create", { name: "The Last Ferry Home" });
  await furnish(desk);
  const booth = await joined(desk);
  const { page, cell, press, goTable, shows } = await windowOn(browser, desk);
  await goTable("Cues");
  await shows(0, 0, "House to half");
  await cell(4, 2).click();
  await press("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight");
  await page.mouse.move(0, 0);
  await publish(page, "grid");

  const cues = (await listed(desk, "sort=number:asc", "Cues")).records;
  const change = (engine: Engine, index: number, fields: Record<string, unknown>) =>
    engine.post("/records/update", { table: "Cues", entity_id: cues[index]?.entity_id, fields });
  await pullCable(booth);
  await change(booth, 2, { call: "On the second bell", fade: "PT12S" });
  await change(desk, 2, { call: "With the bell, not after", fade: "PT8S" });
  await change(booth, 7, { department: "Sound" });
  await change(desk, 7, { department: "Automation" });
  await plugIn(booth, desk);
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /^Conflicts 3/ })
    .click();
  await page.getByText("3 open").waitFor();
  await page.getByText("With the bell, not after").first().waitFor();
  const seen = page.getByRole("button", { name: "Seen", exact: true });
  await seen.waitFor(WAIT);
  await seen.click();
  await page.mouse.move(0, 0);
  await publish(page, "conflicts");

  await desk.post("/overlays/create", { name: "Tech notes" });
  await change(desk, 4, { call: "Hold for the gangway", page: 14 });
  await change(desk, 5, { fade: "PT4S" });
  await change(desk, 9, { done: false, call: "Follow on" });
  await desk.post("/records/create", { table: "Cues", fields: { call: "Fog bell", number: 12.5 } });
  await change(desk, 10, { department: "Flys" });
  await page.getByRole("region", { name: "Active draft" }).getByRole("button", { name: "Review" }).click();
  await page.getByText("Hold for the gangway").first().waitFor();
  await page.getByText("Fog bell").first().waitFor();
  await page.mouse.move(0, 0);
  await publish(page, "draft");
  expect((await desk.get<Tables>("/tables/list")).tables).toHaveLength(2);
});

/** A small show to be photographed. */
async function furnish(desk: Engine): Promise<void> {
  const crew = ["Ada Quill", "Bo Marsh", "Cleo Tanner", "Dev Okafor", "Edie Strand", "Finn Lowe"];
  const people = await desk
    .post<{ entity_ids: string[] }>("/tables/create", {
      name: "People",
      fields: [
        { name: "name", type: "text" },
        { name: "department", type: "enum", options: ["Lighting", "Sound", "Stage"] },
      ],
    })
    .then(() =>
      desk.post<{ entity_ids: string[] }>("/records/create", {
        table: "People",
        records: crew.map((name, index) => ({ name, department: ["Lighting", "Sound", "Stage"][index % 3] })),
      }),
    );
  await desk.post("/tables/create", {
    name: "Cues",
    fields: [
      { name: "call", type: "text" },
      { name: "number", type: "float" },
      { name: "department", type: "enum", options: ["LX", "Sound", "Flys", "Automation"] },
      { name: "operator", type: "entity" },
      { name: "page", type: "integer" },
      { name: "fade", type: "duration" },
      { name: "rehearsed", type: "date" },
      { name: "done", type: "boolean" },
    ],
  });
  const calls =
    "House to half|Overture|Ship's bell|Tabs out|Harbour, dawn|Gulls, far|Gangway in|Lantern practical on|" +
    "Engine room rumble|Blackout|Storm, slow build|Thunder, stage left|Rain on the deck|Follow spot to Nell|" +
    "Letter, pin spot|Tide table reveal|Bridge flies in|Horn, twice|Crew from the wings|Lamp swings|" +
    "Fog, low|Moon through cloud|Second bell|Nell at the rail|Gull drop|Harbour, night|Ferry turns|" +
    "Cabin wall out|Kettle practical|Last call|Bows|House up";
  const departments = ["LX", "Sound", "Sound", "Flys", "LX", "Sound", "Automation", "LX"];
  await desk.post("/records/create", {
    table: "Cues",
    records: calls.split("|").map((call, index) => ({
      call,
      number: index + 1 + (index % 5 === 4 ? 0.5 : 0),
      department: departments[index % departments.length],
      operator: { entity: people.entity_ids[index % people.entity_ids.length] },
      page: 3 + Math.floor(index * 1.8),
      fade: `PT${[3, 12, 2, 6, 20, 8, 15, 1][index % 8]}S`,
      rehearsed: `2026-11-${String(9 + (index % 9)).padStart(2, "0")}`,
      done: index % 3 !== 2,
    })),
  });
}
