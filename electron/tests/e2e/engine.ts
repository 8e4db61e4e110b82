/** A real engine on a directory of its own, for one test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

type Ready = { url: string; token: string; open_url: string; sync_port: number; actor_id: string };

export class Engine {
  private constructor(
    readonly name: string,
    private readonly data: string,
    private process: ChildProcess,
    public ready: Ready,
  ) {}

  /** Starts the program of `OPENPROD_BIN`: empty, or on the demo show. */
  static async start(name: string, command: "serve" | "demo" = "serve"): Promise<Engine> {
    const data = await mkdtemp(join(tmpdir(), "openprod-e2e-"));
    const started = await launch(name, data, command, 0);
    return new Engine(name, data, started.process, started.ready);
  }

  /** Asks the engine directly, as another program on this computer would. */
  async post<T = Record<string, unknown>>(path: string, body: unknown): Promise<T> {
    return this.send<T>(path, { method: "POST", body: JSON.stringify(body) });
  }

  async get<T = Record<string, unknown>>(path: string): Promise<T> {
    return this.send<T>(path, { method: "GET" });
  }

  /** A fresh link for a browser. */
  async link(): Promise<string> {
    return (await this.post<{ open_url: string }>("/session/code", {})).open_url;
  }

  /** Takes its process away from one moment to the next, as a power cut does. */
  async kill(): Promise<void> {
    await end(this.process, "SIGKILL");
  }

  /** Starts it again on the same data: on the same port, or on any other that is free. */
  async restart(on: "same port" | "another port" = "same port", ...more: string[]): Promise<void> {
    const port = on === "same port" ? Number(new URL(this.ready.url).port) : 0;
    const started = await launch(this.name, this.data, "serve", port, more);
    this.process = started.process;
    this.ready = started.ready;
  }

  async stop(): Promise<void> {
    await end(this.process, "SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }

  private async send<T>(path: string, request: RequestInit): Promise<T> {
    const headers = { Authorization: `Bearer ${this.ready.token}`, "Content-Type": "application/json" };
    const response = await fetch(this.ready.url + path, { ...request, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }
}

type PairReady = { url: string; open_url: string; engines: ({ name: string } & Ready)[] };

/** `openprod demo --peers 2`: two engines of one process, and the page that shows both. */
export class DemoPair {
  private constructor(
    private readonly data: string,
    private readonly process: ChildProcess,
    readonly ready: PairReady,
  ) {}

  static async start(): Promise<DemoPair> {
    const data = await mkdtemp(join(tmpdir(), "openprod-e2e-"));
    const started = await run<PairReady>([
      "--data",
      data,
      "demo",
      "--peers",
      "2",
      "--ready-json",
      "--no-mdns",
    ]);
    return new DemoPair(data, started.process, started.ready);
  }

  /** The state hash of each device, as its engine tells it. */
  hashes(): Promise<string[]> {
    return Promise.all(
      this.ready.engines.map(async ({ url, token }) => {
        const headers = { Authorization: `Bearer ${token}` };
        const status = await fetch(`${url}/workspace/status`, { headers });
        return ((await status.json()) as { state_hash: string }).state_hash;
      }),
    );
  }

  async stop(): Promise<void> {
    await end(this.process, "SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }
}

function launch(name: string, data: string, command: "serve" | "demo", port: number, more: string[] = []) {
  return run<Ready>([
    ...["--data", data, command, "--ready-json", "--no-mdns"],
    ...["--name", name, "--port", String(port)],
    ...more,
  ]);
}

async function run<R>(args: readonly string[]): Promise<{ process: ChildProcess; ready: R }> {
  const program = process.env.OPENPROD_BIN;
  if (!program) throw new Error("OPENPROD_BIN must name the engine's program");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = JSON.parse(line) as R & { ready: boolean };
    if (ready.ready) return { process: child, ready };
  }
  throw new Error(`${program} ended before it was ready`);
}

function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}
