import { afterEach, beforeEach, expect, it, vi } from "vitest";
import * as Y from "yjs";
import type { Event as EngineEvent } from "../../shared/api/schema";

let hear: (event: EngineEvent) => void = () => {};
vi.mock("../../shared/api/socket", () => ({
  onEngineEvent: (listener: typeof hear) => {
    hear = listener;
    return () => {};
  },
}));

/** An engine with one text; `hold` keeps what is sent on its way until it is let go. */
const engine = { document: new Y.Doc(), released: [] as (() => void)[] };

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

beforeEach(() => {
  vi.useFakeTimers();
  engine.document = new Y.Doc();
  engine.released = [];
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.stubGlobal("fetch", async (path: string) => {
    if (path.startsWith("/text/update")) {
      await new Promise<void>((resolve) => engine.released.push(resolve));
      return Response.json({});
    }
    return Response.json({
      session: 1,
      root: "text",
      client_id: 7,
      state: base64(Y.encodeStateAsUpdate(engine.document)),
      text: engine.document.getText("text").toString(),
    });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("is opened anew when the engine lost what was on its way to it: a draft was thrown away meanwhile", async () => {
  const { SharedDocument } = await import("./shared-document");
  const stale = vi.fn();
  const at = { entity_id: "e", table: "t", field: "f" };
  const shared = await SharedDocument.open(at, { saving: () => {}, stale });
  shared.text.insert(0, "Of the draft");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(engine.released).toHaveLength(1);
  // The draft is gone before the answer to what was written in it is here.
  hear({ type: "overlays_changed", workspace: "w", overlay_ids: null });
  await vi.advanceTimersByTimeAsync(100);
  expect(stale).not.toHaveBeenCalled();
  for (const release of engine.released) release();
  await vi.advanceTimersByTimeAsync(100);
  expect(stale).toHaveBeenCalledOnce();
});

it("stays open when what was on its way arrives", async () => {
  const { SharedDocument } = await import("./shared-document");
  const stale = vi.fn();
  const at = { entity_id: "e", table: "t", field: "f" };
  const shared = await SharedDocument.open(at, { saving: () => {}, stale });
  shared.text.insert(0, "For all");
  await vi.advanceTimersByTimeAsync(2_000);
  hear({ type: "records_changed", workspace: "w", table: "t", entity_ids: ["e"] });
  await vi.advanceTimersByTimeAsync(100);
  Y.applyUpdate(engine.document, Y.encodeStateAsUpdate(shared.document));
  for (const release of engine.released) release();
  await vi.advanceTimersByTimeAsync(100);
  expect(stale).not.toHaveBeenCalled();
  expect(shared.text.toString()).toBe("For all");
});
