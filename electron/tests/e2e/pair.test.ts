/** The page of `openprod demo --peers 2`, as somebody plays it: pull the cable, change, plug in, decide. */
import type { Browser, Frame } from "playwright-core";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openBrowser, openLink, shoot } from "./browser";
import { DemoPair } from "./engine";
import { WAIT } from "./stage";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

it("plays the demo of two desks from start to finish, until both hold the same", async () => {
  const pair = await DemoPair.start();
  onTestFinished(() => pair.stop());
  const urls = pair.ready.engines.map(({ url }) => url);
  const window = await openLink(browser, pair.ready.open_url, urls, { width: 1600, height: 900 });
  const { page, faults } = window;
  onTestFinished(() => window.context.close());
  const framed = async (index: number): Promise<Frame> => {
    const element = await page.locator(`#window-${index}`).elementHandle();
    const frame = await element?.contentFrame();
    if (!frame) throw new Error("no frame");
    return frame;
  };
  const line = page.locator("#line");
  const verdict = page.locator("#verdict");
  const step = (name: string) => page.locator('#steps [aria-current="step"]').getByText(name).waitFor(WAIT);
  await verdict.getByText("Same on both", { exact: true }).waitFor(WAIT);
  expect(await page.locator("#line .device").allInnerTexts()).toEqual(["Prompt Desk", "Booth"]);
  await step("Pull the cable");

  const frames = [await framed(0), await framed(1)] as const;
  for (const frame of frames) {
    await frame.getByRole("button", { name: /^Live with 1/ }).waitFor(WAIT);
    await frame
      .getByRole("navigation")
      .getByRole("link", { name: /^People/ })
      .click();
    await frame.getByRole("heading", { level: 1, name: "People" }).waitFor();
    await frame.locator("#cell-0-0 .cell-text:not(:empty)").waitFor();
  }
  const [before, there] = await Promise.all(frames.map((frame) => frame.locator("#cell-0-0").innerText()));
  expect(there).toBe(before);

  await page.getByRole("button", { name: "Pull the cable" }).click();
  await expect.poll(() => line.getAttribute("data-pulled")).toBe("true");
  await frames[1].getByRole("button", { name: /^Paused/ }).waitFor(WAIT);
  for (const [index, name] of ["Nell Harrow", "Nell Hartley"].entries()) {
    const frame = frames[index] as Frame;
    await frame.locator("#cell-0-0").click();
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await frame.locator("#cell-0-0").getByText(name, { exact: true }).waitFor();
  }
  await verdict.getByText("Different", { exact: true }).waitFor(WAIT);
  await step("Plug in");
  await shoot(page, "pair-apart");

  await page.getByRole("button", { name: "Plug in" }).click();
  await expect.poll(() => line.getAttribute("data-pulled")).toBe("false");
  await verdict.getByText("Same on both, 1 conflict to decide").waitFor(WAIT);
  await step("Decide the conflict");
  for (const frame of frames) await frame.getByRole("button", { name: "Conflict in name" }).waitFor(WAIT);
  await shoot(page, "pair-conflict");

  await frames[1].getByRole("button", { name: "Conflict in name" }).click();
  await frames[1].getByRole("button", { name: /^Nell Harrow/ }).click();
  await verdict.getByText("Same on both", { exact: true }).waitFor(WAIT);
  for (const frame of frames) {
    await frame.locator("#cell-0-0").getByText("Nell Harrow", { exact: true }).waitFor(WAIT);
    await frame.getByRole("button", { name: "Conflict in name" }).waitFor({ state: "detached", ...WAIT });
  }
  // What the page shows is what the engines say: two hashes, and both the same.
  const digits = async () =>
    (await page.locator("#line .hash").allInnerTexts()).map((text) => text.replaceAll(" ", ""));
  await expect
    .poll(async () => {
      const [told, truth] = [await digits(), await pair.hashes()];
      return truth[0] === truth[1] && told.length === 2 && told.every((one) => truth[0]?.startsWith(one));
    }, WAIT)
    .toBe(true);
  await shoot(page, "pair-agree");
  expect(faults).toEqual([]);
});
