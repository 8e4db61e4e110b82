/**
 * How fast it feels, measured in the page itself. The figures are printed; what is asserted leaves room for a slow
 * machine and an engine built without optimisation (`OPENPROD_SPEED_STRICT=1` asserts what is promised).
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, openWindow, shoot } from "./browser";
import { Engine } from "./engine";

const ROWS = Number(process.env.OPENPROD_SPEED_ROWS ?? 50_000);
const STRICT = process.env.OPENPROD_SPEED_STRICT === "1";
const BATCH = 500;

let engine: Engine;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  engine = await Engine.start("Prompt Desk");
  await engine.post("/workspace/create", { name: "Long run" });
  const options = ["LX", "Sound", "Flys", "Automation"];
  await engine.post("/tables/create", {
    name: "Cues",
    fields: [
      { name: "label", type: "text" },
      { name: "number", type: "float" },
      { name: "department", type: "enum", options },
      { name: "page", type: "integer" },
      { name: "date", type: "date" },
      { name: "done", type: "boolean" },
    ],
  });
  for (let start = 0; start < ROWS; start += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, ROWS - start) }, (_, row) => ({
      label: `Cue ${start + row}`,
      number: (start + row) / 2,
      department: options[row % options.length],
      page: row,
      date: "2026-11-21",
      done: row % 2 === 0,
    }));
    await engine.post("/records/create", { table: "Cues", records });
  }
  browser = await openBrowser();
}, 600_000);

afterAll(async () => {
  await browser?.close();
  await engine?.stop();
});

it(`shows a first useful grid of ${ROWS} rows soon`, async () => {
  const opened = await openWindow(browser, engine);
  page = opened.page;
  await page.locator('.row .cell-text:has-text("Cue 0")').first().waitFor();
  const ms = await page.evaluate(() => performance.now());
  console.info(`first useful grid: ${ms.toFixed(0)} ms`);
  expect(ms).toBeLessThan(STRICT ? 1_000 : 5_000);
});

it("scrolls without dropping frames", async () => {
  const frames = await page.evaluate(async () => {
    const grid = document.querySelector(".grid");
    if (!grid) throw new Error("no grid");
    const times: number[] = [];
    let before = performance.now();
    for (let frame = 0; frame < 300; frame++) {
      grid.scrollTop += 120;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - before);
      before = now;
    }
    return times;
  });
  const late = frames.filter((ms) => ms > 32).length / frames.length;
  const median = [...frames].sort((a, b) => a - b)[Math.floor(frames.length / 2)] ?? 0;
  console.info(
    `scrolling: ${(late * 100).toFixed(1)} % of frames over 32 ms, median ${median.toFixed(1)} ms`,
  );
  await shoot(page, "speed-scrolled");
  expect(late).toBeLessThan(STRICT ? 0.01 : 0.5);
});

it("reaches the last row", async () => {
  await page.locator(".grid").focus();
  await page.keyboard.press("ArrowDown");
  const start = Date.now();
  await page.keyboard.press("Control+End");
  await page.getByText(`Cue ${ROWS - 1}`, { exact: true }).waitFor({ timeout: 60_000 });
  console.info(`to the last of ${ROWS} rows, by pages: ${Date.now() - start} ms`);
});

it("echoes a cell at once and confirms it soon", async () => {
  await page.keyboard.press("Control+Home");
  await page.locator('.row .cell-text:has-text("Cue 0")').first().waitFor();
  const figures = await page.evaluate(async () => {
    const echoes: number[] = [];
    const confirmed: number[] = [];
    const fetchBefore = globalThis.fetch;
    let answered = (_ms: number) => {};
    globalThis.fetch = async (...request) => {
      const began = performance.now();
      const response = await fetchBefore(...request);
      if (String(request[0]).includes("/records/update")) answered(performance.now() - began);
      return response;
    };
    const grid = document.querySelector<HTMLElement>(".grid");
    for (let turn = 0; turn < 40; turn++) {
      grid?.focus();
      const press = (on: Element | null, key: string) =>
        on?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      const answer = new Promise<number>((resolve) => {
        answered = resolve;
      });
      const line = grid?.querySelector('[data-focus="true"][data-line]')?.getAttribute("data-line");
      press(grid, String(turn % 10));
      await new Promise(requestAnimationFrame);
      const began = performance.now();
      press(document.activeElement, "Enter");
      await new Promise<void>((resolve) => {
        const look = () =>
          grid?.querySelector(`[data-line="${line}"] .cell-text`) ? resolve() : queueMicrotask(look);
        look();
      });
      echoes.push(performance.now() - began);
      confirmed.push(await answer);
    }
    globalThis.fetch = fetchBefore;
    return { echoes, confirmed };
  });
  const p95 = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)] ?? 0;
  console.info(
    `echo p95 ${p95(figures.echoes).toFixed(1)} ms, confirmed p95 ${p95(figures.confirmed).toFixed(1)} ms`,
  );
  expect(p95(figures.echoes)).toBeLessThan(STRICT ? 16 : 100);
  expect(p95(figures.confirmed)).toBeLessThan(STRICT ? 50 : 1_000);
});
