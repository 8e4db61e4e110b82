/**
 * The engine as a child of this program: started, watched, started again when it ends by itself, and ended cleanly.
 *
 * It is told the port that it had before, so that the page stays where it is. When another engine runs on the data
 * already (one in a terminal, or one that outlived this program), that one is used as a browser would.
 */
import type { ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { EngineSession } from "../bridge/bridge";
import { Backoff } from "./backoff";
import { portOf, readReadiness } from "./readiness";

/** Opening large workspaces takes a while; past this something hangs. */
const READY_MS_MAX = 120_000;
/** The engine needs 5 s at most to end what it is at. */
const END_MS_MAX = 8_000;
/** The program's exit code when another engine runs on the data. */
const IN_USE = 4;

export type EngineNews =
  /** It answers. `session` is `null` when it is not our own: then `open` carries a one-time code. */
  | { kind: "running"; open: string; session: EngineSession | null }
  /** It ended, and is started again. */
  | { kind: "lost" }
  /** It ended too often, or cannot be started. */
  | { kind: "failed"; reason: string };

type Child = ChildProcessByStdio<null, Readable, Readable>;
export type Spawn = (...given: Parameters<typeof spawn>) => Child;

export class Engine {
  private child: Child | null = null;
  private session: EngineSession | null = null;
  private stopping = false;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private readonly backoff = new Backoff();
  private waiters: (() => void)[] = [];

  constructor(
    private readonly program: string,
    private readonly spawnChild: Spawn,
    private readonly log: (line: string) => void,
    private readonly hear: (news: EngineNews) => void,
    /** The port to try first; 0 takes any. */
    private port: number,
  ) {}

  /** The session of the engine that runs now. */
  current(): EngineSession | null {
    return this.session;
  }

  /** The session of the engine that runs now, or of the one that is being started, once it answers. */
  async settled(): Promise<EngineSession | null> {
    if (this.session === null && this.child !== null && !this.stopping)
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    return this.session;
  }

  /** Starts it. Called again after `failed`, when a person wants that. */
  start(): void {
    if (this.child !== null || this.stopping) return;
    this.backoff.reset();
    this.launch();
  }

  /** Ends it, cleanly when it lets itself be asked. It is not started again. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.waiting);
    const child = this.child;
    if (child === null) return;
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => child.kill("SIGKILL"), END_MS_MAX);
      child.once("close", () => {
        clearTimeout(force);
        resolve();
      });
      child.kill("SIGTERM");
    });
  }

  private tell(news: EngineNews): void {
    const waiters = this.waiters;
    this.waiters = [];
    this.hear(news);
    for (const go of waiters) go();
  }

  private launch(): void {
    const began = Date.now();
    const port = this.port;
    const child = this.run(["serve", "--ready-json", "--port", String(port)]);
    this.child = child;
    let startError: string | null = null;
    const late = setTimeout(() => {
      this.log(`the engine was not ready after ${READY_MS_MAX / 1_000} s`);
      child.kill("SIGKILL");
    }, READY_MS_MAX);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const session = this.session === null ? readReadiness(line) : null;
      if (session === null) return;
      clearTimeout(late);
      this.session = session;
      this.port = portOf(session.url);
      this.log(`the engine answers at ${session.url}`);
      this.tell({ kind: "running", open: `${session.url}/`, session });
    });
    child.on("error", (error) => {
      startError = error.message;
      this.log(`the engine could not be started: ${error.message}`);
    });
    child.on("close", (code, signal) => {
      clearTimeout(late);
      const wasReady = this.session !== null;
      this.child = null;
      this.session = null;
      this.log(`the engine ended (${signal ?? code})`);
      if (this.stopping) return;
      if (startError !== null)
        this.tell({ kind: "failed", reason: `It could not be started: ${startError}` });
      else if (code === IN_USE && !wasReady) void this.join();
      else this.again(Date.now() - began, wasReady, port);
    });
  }

  private again(ran: number, wasReady: boolean, port: number): void {
    const wait = this.backoff.next(ran);
    if (wait === null) {
      this.tell({ kind: "failed", reason: "It ended several times, each soon after its start." });
      return;
    }
    // Another program may have taken the port meanwhile.
    if (!wasReady && port !== 0) this.port = 0;
    this.tell({ kind: "lost" });
    this.waiting = setTimeout(() => this.launch(), wait);
  }

  /** Asks the engine that runs already for a link. */
  private async join(): Promise<void> {
    const told = await this.ask(["--json", "open"]);
    if (this.stopping) return;
    const open = linkIn(told);
    if (open === null)
      this.tell({ kind: "failed", reason: "Another engine runs on the same data and does not answer." });
    else this.tell({ kind: "running", open, session: null });
  }

  /** What a command prints; empty when it cannot be run. */
  private ask(args: string[]): Promise<string> {
    return new Promise((resolve) => {
      const child = this.run(args);
      let text = "";
      child.stdout.on("data", (bytes) => {
        text += String(bytes);
      });
      child.on("error", () => resolve(""));
      child.on("close", () => resolve(text));
    });
  }

  private run(args: string[]): Child {
    const child = this.spawnChild(this.program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.log(line));
    return child;
  }
}

/** The link in what `openprod --json open` prints: to this computer, or `null`. */
function linkIn(text: string): string | null {
  try {
    const url = (JSON.parse(text) as { open_url?: unknown }).open_url;
    return typeof url === "string" && portOf(url.split("/#code=")[0] ?? "") !== 0 ? url : null;
  } catch {
    return null;
  }
}
