import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Engine, type EngineNews, type Spawn } from "./engine";

const TOKEN = "0123456789abcdef".repeat(4);

/** A process that does what the test says. */
class Child extends EventEmitter {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: string[] = [];

  constructor(
    readonly program: string,
    readonly args: readonly string[],
  ) {
    super();
  }

  kill(signal: string): boolean {
    this.signals.push(signal);
    return true;
  }

  async print(line: string): Promise<void> {
    this.stdout.write(`${line}\n`);
    await settle();
  }

  async ready(port: number): Promise<void> {
    await this.print(JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}`, token: TOKEN }));
  }

  async end(code: number | null, signal: string | null = null): Promise<void> {
    this.emit("close", code, signal);
    await settle();
  }
}

const children: Child[] = [];
const news: EngineNews[] = [];
const lines: string[] = [];
let engine: Engine;

const settle = () => new Promise((resolve) => setImmediate(resolve));
const last = () => {
  const child = children.at(-1);
  if (!child) throw new Error("nothing was started");
  return child;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  children.length = 0;
  news.length = 0;
  lines.length = 0;
  const spawn = ((program: string, args: readonly string[]) => {
    const child = new Child(program, args);
    children.push(child);
    return child;
  }) as unknown as Spawn;
  engine = new Engine(
    "/opt/openprod",
    spawn,
    (line) => lines.push(line),
    (one) => news.push(one),
    4000,
  );
  engine.start();
});
afterEach(() => vi.useRealTimers());

it("starts the engine on the port that it had, and tells once it answers", async () => {
  expect(last().program).toBe("/opt/openprod");
  expect(last().args).toEqual(["serve", "--ready-json", "--port", "4000"]);
  await last().print("something else");
  expect(news).toEqual([]);
  await last().ready(4000);
  const session = { url: "http://127.0.0.1:4000", token: TOKEN };
  expect(news).toEqual([{ kind: "running", open: "http://127.0.0.1:4000/", session }]);
  expect(engine.current()).toEqual(session);
});

it("believes one readiness line only", async () => {
  await last().ready(4000);
  await last().ready(5000);
  expect(engine.current()?.url).toBe("http://127.0.0.1:4000");
  expect(news).toHaveLength(1);
});

it("keeps what the engine says, but no token", async () => {
  last().stderr.write("opened Tour\n");
  await last().ready(4000);
  expect(lines).toContain("opened Tour");
  expect(lines.join("\n")).not.toContain(TOKEN);
});

it("starts an engine that died again on the same port, with a new session", async () => {
  await last().ready(4321);
  await last().end(null, "SIGKILL");
  expect(news.at(-1)).toEqual({ kind: "lost" });
  expect(engine.current()).toBeNull();
  expect(children).toHaveLength(1);
  vi.advanceTimersByTime(250);
  expect(children).toHaveLength(2);
  expect(last().args).toEqual(["serve", "--ready-json", "--port", "4321"]);
  await last().ready(4321);
  expect(news.at(-1)?.kind).toBe("running");
});

it("tells the session of an engine that is on its way once it answers", async () => {
  const settled = engine.settled();
  await last().ready(4000);
  await expect(settled).resolves.toEqual({ url: "http://127.0.0.1:4000", token: TOKEN });
  await last().end(1);
  await expect(engine.settled()).resolves.toBeNull();
});

it("tells of no session when the engine ends on its way", async () => {
  const settled = engine.settled();
  await last().end(1);
  await expect(settled).resolves.toBeNull();
});

it("takes any port when its own seems taken", async () => {
  await last().end(1);
  vi.advanceTimersByTime(250);
  expect(last().args.at(-1)).toBe("0");
});

it("gives up on an engine that cannot stay, and tries again when asked", async () => {
  for (let end = 0; end < 7; end++) {
    await last().end(1);
    vi.advanceTimersByTime(8_000);
  }
  expect(children).toHaveLength(7);
  expect(news.at(-1)?.kind).toBe("failed");
  engine.start();
  expect(children).toHaveLength(8);
});

it("ends an engine that is never ready", () => {
  vi.advanceTimersByTime(120_000);
  expect(last().signals).toEqual(["SIGKILL"]);
});

it("says when the program is not there", async () => {
  last().emit("error", new Error("spawn /opt/openprod ENOENT"));
  await last().end(-2);
  expect(news).toEqual([{ kind: "failed", reason: "It could not be started: spawn /opt/openprod ENOENT" }]);
  vi.advanceTimersByTime(60_000);
  expect(children).toHaveLength(1);
});

it("opens the engine that runs on the data already, as a browser would", async () => {
  await last().end(4);
  expect(last().args).toEqual(["--json", "open"]);
  const open = "http://127.0.0.1:4100/#code=ab12";
  await last().print(JSON.stringify({ code: "ab12", open_url: open }));
  await last().end(0);
  expect(news).toEqual([{ kind: "running", open, session: null }]);
  expect(engine.current()).toBeNull();
});

it.each(["", "no JSON", '{"open_url":"http://elsewhere.example/#code=1"}', '{"open_url":7}'])(
  "fails when the other engine answers %j",
  async (answer) => {
    await last().end(4);
    await last().print(answer);
    await last().end(0);
    expect(news.map((one) => one.kind)).toEqual(["failed"]);
  },
);

it("asks the engine to end, and does not start it again", async () => {
  await last().ready(4000);
  const stopped = engine.stop();
  expect(last().signals).toEqual(["SIGTERM"]);
  await last().end(0);
  await stopped;
  vi.advanceTimersByTime(60_000);
  expect(children).toHaveLength(1);
  expect(news).toHaveLength(1);
});

it("ends an engine by force that does not heed", async () => {
  const stopped = engine.stop();
  vi.advanceTimersByTime(8_000);
  expect(last().signals).toEqual(["SIGTERM", "SIGKILL"]);
  await last().end(null, "SIGKILL");
  await stopped;
});

it("starts nothing after the end, not even what was to be started again", async () => {
  await last().end(1);
  await engine.stop();
  vi.advanceTimersByTime(60_000);
  engine.start();
  expect(children).toHaveLength(1);
});
