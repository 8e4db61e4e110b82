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

const ready = { type: "ready" } as EngineEvent;

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Line.opened = [];
  vi.stubGlobal("WebSocket", Line);
  vi.stubGlobal("location", { href: "http://127.0.0.1:7410/" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("has everything asked again on every connection, the first one too: pages ask ahead of it", async () => {
  const { onEngineEvent, openSocket } = await import("./socket");
  const heard: string[] = [];
  onEngineEvent((event) => heard.push(event.type));
  const close = openSocket(() => {});
  Line.opened[0]?.says(ready);
  expect(heard).toEqual(["resync"]);
  Line.opened[0]?.onclose({ code: 1006 });
  await vi.runOnlyPendingTimersAsync();
  Line.opened[1]?.says(ready);
  Line.opened[1]?.says({ type: "undo_stack", workspace: "w" } as EngineEvent);
  expect(heard).toEqual(["resync", "resync", "undo_stack"]);
  close();
});
