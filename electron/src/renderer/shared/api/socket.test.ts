import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Event as EngineEvent } from "./schema";

/** A socket that says what the test lets it say. */
class Line {
  static opened: Line[] = [];
  onopen: () => void = () => {};
  onmessage: (message: { data: string }) => void = () => {};
  onclose: (close: { code: number }) => void = () => {};
  close = () => {};
  send = () => {};

  constructor() {
    Line.opened.push(this);
  }

  says(event: EngineEvent): void {
    this.onmessage({ data: JSON.stringify(event) });
  }
}

const kept = new Map<string, string>();
const TOKEN = "0123456789abcdef".repeat(4);

/** Whoever answers on the port has this token. */
const answers = (token: string) =>
  vi.stubGlobal("fetch", async (path: string) => {
    const { prove } = await import("./proof");
    const challenge = new URL(path, "http://127.0.0.1:7410").searchParams.get("challenge") ?? "";
    return Response.json({ proof: await prove(token, "7410", challenge) });
  });

const ready = { type: "ready" } as EngineEvent;

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Line.opened = [];
  vi.stubGlobal("WebSocket", Line);
  vi.stubGlobal("location", { href: "http://127.0.0.1:7410/", port: "7410" });
  kept.clear();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("has everything asked again on every connection, the first one too: pages ask ahead of it", async () => {
  const { onEngineEvent, openSocket } = await import("./socket");
  const { keepToken } = await import("./client");
  answers(TOKEN);
  keepToken(TOKEN);
  const heard: string[] = [];
  onEngineEvent((event) => heard.push(event.type));
  const close = openSocket(() => {});
  Line.opened[0]?.says(ready);
  expect(heard).toEqual(["resync"]);
  Line.opened[0]?.onclose({ code: 1006 });
  await vi.runOnlyPendingTimersAsync();
  await vi.waitFor(() => expect(Line.opened).toHaveLength(2));
  Line.opened[1]?.says(ready);
  Line.opened[1]?.says({ type: "undo_stack", workspace: "w" } as EngineEvent);
  expect(heard).toEqual(["resync", "resync", "undo_stack"]);
  close();
});

it("says the token to nobody while the engine is away, and again once it has proved to be the engine", async () => {
  const { openSocket } = await import("./socket");
  const { get, keepToken } = await import("./client");
  answers(TOKEN);
  keepToken(TOKEN);
  const close = openSocket(() => {});
  Line.opened[0]?.says(ready);
  expect([...kept.values()]).toContain(TOKEN);
  Line.opened[0]?.onclose({ code: 1006 });
  expect([...kept.values()]).not.toContain(TOKEN);
  await expect(get("/workspace/list")).rejects.toMatchObject({ code: "unreachable" });
  await vi.runOnlyPendingTimersAsync();
  await vi.waitFor(() => expect(Line.opened).toHaveLength(2));
  expect([...kept.values()]).toContain(TOKEN);
  close();
});

it("connects to no other program that came to the port", async () => {
  const { openSocket } = await import("./socket");
  const { keepToken } = await import("./client");
  answers("f".repeat(64));
  keepToken(TOKEN);
  const refused = vi.fn();
  const close = openSocket(refused);
  Line.opened[0]?.says(ready);
  Line.opened[0]?.onclose({ code: 1006 });
  await vi.runOnlyPendingTimersAsync();
  await vi.waitFor(() => expect(refused).toHaveBeenCalledOnce());
  expect(Line.opened).toHaveLength(1);
  close();
});
