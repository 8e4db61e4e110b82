/** The beginning: the demo show, and who is near; and the trail of what was done. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, shoot } from "./browser";
import { engineFor, joined, listed, propsDesk, same, WAIT, windowOn } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

it("opens the demo show from the first screen", async () => {
  const desk = await engineFor();
  const { page, goTable, counts } = await windowOn(browser, desk);
  await page.getByRole("button", { name: "Open the demo show" }).click();
  await goTable("Performances");
  await counts(48);
  const { workspaces } = await desk.get<{ workspaces: unknown[] }>("/workspace/list");
  expect(workspaces).toHaveLength(1);
});

it("tells where other engines are, and joins one of them by its invitation", async () => {
  const desk = await propsDesk(3);
  const booth = await engineFor("Booth");
  const near = `127.0.0.1:${desk.ready.sync_port}`;
  const { page, context, counts } = await windowOn(browser, booth);
  // These engines listen to no network: what one hears is told in its place.
  await context.route("**/peers/nearby", (route) =>
    route.fulfill({ json: { listening: true, addresses: [near, "192.168.1.21:7420"] } }),
  );
  await page.reload();
  await page.getByText("2 other engines near. Ask there for an invitation.").waitFor();
  await page.getByRole("button", { name: near }).click();
  expect(await page.getByLabel("Address, if you were told one").inputValue()).toBe(near);
  await shoot(page, "welcome-nearby");
  const { invitation } = await desk.post<{ invitation: string }>("/workspace/invite", {});
  await page.getByLabel("Invitation").fill(invitation);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Props" }).waitFor(WAIT);
  await counts(3);
  await same(desk, booth);
});

it("leads from a field's history to the command, its reason and its author, and tells a command that was given twice", async () => {
  const desk = await propsDesk(2);
  const booth = await joined(desk);
  const entity_id = (await listed(desk)).records[0]?.entity_id ?? "";
  const command = { source: "rig check", justification: "after the dress rehearsal" };
  await desk.post("/records/update", { table: "Props", entity_id, fields: { count: 9 }, command });
  const book = {
    events: [{ event_type: "bookings.booked", payload: { person: "Masur" } }],
    command: { command_id: "018f0000-0000-7000-8000-00000000beef" },
  };
  await same(desk, booth);
  await booth.post("/sync/pause", {});
  await desk.post("/events/append", book);
  await booth.post("/events/append", book);
  await booth.post("/sync/resume", {});
  await booth.post("/peers/connect", { address: `127.0.0.1:${desk.ready.sync_port}` });
  await same(desk, booth);
  const { page, cell, press } = await windowOn(browser, desk);
  await cell(0, 0).click();
  await press("Space");
  await page.getByRole("button", { name: "History of count" }).click();
  await page.getByText("after the dress rehearsal").waitFor();
  await page.getByRole("button", { name: "Commands, devices and reasons" }).click();
  await page.getByRole("heading", { level: 1, name: "Audit trail" }).waitFor();
  await page.getByText("only of Prop 000").waitFor();
  await page.getByRole("button", { name: /records: update by rig check/ }).click();
  await page.getByText("Signed bundle").waitFor();
  await page.getByRole("button", { name: /^only of/ }).click();
  await page
    .getByText(/the same command, given on Booth too/)
    .first()
    .waitFor(WAIT);
  await shoot(page, "audit-repeated");
});
