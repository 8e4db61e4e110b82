/**
 * Debian's Chromium, without a network, on the built page.
 *
 * An engine that embeds the page serves it; for one that does not yet, the built files are laid over its own under the
 * same policy, so that every request still goes to the real engine.
 */
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Engine } from "./engine";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const RESULTS = fileURLToPath(new URL("../../test-results/", import.meta.url));
const PICTURES = fileURLToPath(new URL("../../../docs/pictures/", import.meta.url));

/** A picture in the README is fetched by everybody who looks at the project. */
const PICTURE_BYTES_MAX = 200_000;

export const LARGE = { width: 1440, height: 900 };

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** The policy of the engine's page, and who may show it in a frame. */
const policy = (framers: string) =>
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; " +
  `base-uri 'none'; form-action 'none'; frame-ancestors ${framers}; require-trusted-types-for 'script'`;

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.OPENPROD_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      // A page that is laid over the engine's own counts as coming from elsewhere, and may then not open a socket here.
      "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
    ],
  });
}

export type Window = { page: Page; context: BrowserContext; faults: string[] };

/** How large a window is, and what its browser kept from before. */
export type Look = { width: number; height: number; storageState?: StorageState };
type StorageState = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Opens the engine's page. */
export async function openWindow(browser: Browser, engine: Engine, look: Look = LARGE): Promise<Window> {
  return openLink(browser, await engine.link(), [engine.ready.url], look);
}

/**
 * Opens a link in a window of its own. `engines` are those whose pages it shows, itself or in its frames; `faults`
 * gathers what the page's console reports as errors.
 */
export async function openLink(
  browser: Browser,
  link: string,
  engines: readonly string[],
  look: Look = LARGE,
): Promise<Window> {
  const { storageState, ...viewport } = look;
  const context = await browser.newContext({
    viewport,
    ...(storageState ? { storageState } : {}),
    permissions: ["clipboard-read", "clipboard-write"],
    locale: "en-GB",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  const { origin } = new URL(link);
  for (const url of engines) {
    const served = await fetch(url).then((response) => response.text());
    // `OPENPROD_DIST=1`: a page that was built anew is tested without building the engine anew.
    if (process.env.OPENPROD_DIST !== "1" && served.includes('id="app"')) continue;
    await layOver(context, url, origin === url ? "'none'" : origin);
  }
  await page.goto(link);
  return { page, context, faults };
}

async function layOver(context: BrowserContext, url: string, framers: string): Promise<void> {
  const lay = async (path: string) => ({
    body: await readFile(join(DIST, path)),
    headers: {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      "Content-Security-Policy": policy(framers),
    },
  });
  await context.route(`${url}/`, async (route) => route.fulfill(await lay("index.html")));
  await context.route(`${url}/assets/**`, async (route) =>
    route.fulfill(await lay(new URL(route.request().url()).pathname.slice(1))),
  );
}

/** Keeps a picture of the screen as build output. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  await page.screenshot({ path: join(RESULTS, `${name}.png`), animations: "disabled" });
}

/** Keeps a picture for the README: beside the others, and in `docs/pictures` with `OPENPROD_PICTURES=1`. */
export async function publish(page: Page, name: string): Promise<void> {
  const to = process.env.OPENPROD_PICTURES === "1" ? PICTURES : RESULTS;
  mkdirSync(to, { recursive: true });
  const { length } = await page.screenshot({ path: join(to, `${name}.png`), animations: "disabled" });
  if (length > PICTURE_BYTES_MAX) throw new Error(`the picture ${name} has ${length} bytes`);
}
