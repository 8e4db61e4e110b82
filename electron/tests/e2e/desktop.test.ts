/** What the desktop program does with its engine, on a real one. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Engine, type EngineNews, type Spawn } from "../../src/main/engine";
import { openBrowser } from "./browser";

let data: string;
let engines: Engine[];

/** An engine of the desktop program on this test's data, with what it tells, one after the other. */
class Desk {
  readonly children: ChildProcess[] = [];
  private readonly news: EngineNews[] = [];
  private wake: () => void = () => {};
  readonly engine: Engine;

  constructor() {
    const spawnHere = (program: string, args: readonly string[], options: object) => {
      const quiet = args.includes("serve") ? ["--no-mdns"] : [];
      const child = spawn(program, ["--data", data, ...args, ...quiet], options);
      this.children.push(child);
      return child;
    };
    this.engine = new Engine(
      process.env.OPENPROD_BIN ?? "",
      spawnHere as unknown as Spawn,
      () => {},
      (one) => {
        this.news.push(one);
        this.wake();
      },
      0,
    );
    engines.push(this.engine);
    this.engine.start();
  }

  async next(): Promise<EngineNews> {
    for (;;) {
      const one = this.news.shift();
      if (one) return one;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async running(): Promise<Extract<EngineNews, { kind: "running" }>> {
    const one = await this.next();
    if (one.kind !== "running") throw new Error(JSON.stringify(one));
    return one;
  }
}

async function list(session: { url: string; token: string }): Promise<number> {
  const headers = { Authorization: `Bearer ${session.token}` };
  return (await fetch(`${session.url}/workspace/list`, { headers })).status;
}

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "openprod-desktop-"));
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await rm(data, { recursive: true, force: true });
});

it("starts an engine that answers the session's token, and ends it cleanly", async () => {
  const desk = new Desk();
  const { session, open } = await desk.running();
  if (session === null) throw new Error("no session");
  expect(await list(session)).toBe(200);
  expect((await fetch(open)).headers.get("content-type")).toContain("text/html");
  await desk.engine.stop();
  expect(desk.children[0]?.exitCode).toBe(0);
  expect(existsSync(join(data, "engine.json"))).toBe(false);
});

it("starts a killed engine again, where it was, and its token still holds", async () => {
  const desk = new Desk();
  const before = (await desk.running()).session;
  desk.children[0]?.kill("SIGKILL");
  expect(await desk.next()).toEqual({ kind: "lost" });
  const after = (await desk.running()).session;
  if (before === null || after === null) throw new Error("no session");
  expect(after.url).toBe(before.url);
  expect(after.token).toBe(before.token);
  expect(await list(after)).toBe(200);
});

it("opens an engine that runs already by a one-time code", async () => {
  const first = await new Desk().running();
  const second = await new Desk().running();
  expect(second.session).toBeNull();
  const [page, code] = second.open.split("#code=");
  expect(page).toBe(first.open);
  const answer = await fetch(`${first.session?.url}/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  expect(await answer.json()).toEqual({ token: first.session?.token });
});

it("signs its page in without a code, and again when the engine was started anew", async () => {
  const desk = new Desk();
  const { open } = await desk.running();
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    // What the preload script gives in the desktop program.
    await page.exposeFunction("giveSession", () => desk.engine.settled());
    await page.addInitScript("window.openprod = { session: () => window.giveSession() }");
    const listed = () =>
      page.waitForResponse((one) => one.url().endsWith("/workspace/list") && one.status() === 200);
    const first = listed();
    await page.goto(open);
    await first;
    await page.getByRole("main").waitFor();
    const again = listed();
    desk.children[0]?.kill("SIGKILL");
    expect((await desk.next()).kind).toBe("lost");
    await desk.running();
    await again;
    expect(await page.getByText("needs a new link").count()).toBe(0);
  } finally {
    await browser.close();
  }
});
