import { beforeEach, expect, it, vi } from "vitest";
import { SESSION_CHANNEL } from "../bridge/bridge";

const electron = vi.hoisted(() => ({
  contextBridge: { exposeInMainWorld: vi.fn() },
  ipcRenderer: { invoke: vi.fn() },
}));
vi.mock("electron", () => electron);

beforeEach(async () => {
  vi.resetModules();
  vi.clearAllMocks();
  await import("./preload");
});

it("gives the page one function and nothing of Electron", () => {
  expect(electron.contextBridge.exposeInMainWorld).toHaveBeenCalledOnce();
  const [name, bridge] = electron.contextBridge.exposeInMainWorld.mock.calls[0] ?? [];
  expect(name).toBe("openprod");
  expect(Object.keys(bridge)).toEqual(["session"]);
});

it("asks for the session and passes on nothing that the page gives", async () => {
  electron.ipcRenderer.invoke.mockResolvedValue({ url: "http://127.0.0.1:1", token: "t" });
  const [, bridge] = electron.contextBridge.exposeInMainWorld.mock.calls[0] ?? [];
  await expect(bridge.session("anything", { else: true })).resolves.toEqual({
    url: "http://127.0.0.1:1",
    token: "t",
  });
  expect(electron.ipcRenderer.invoke.mock.calls).toEqual([[SESSION_CHANNEL]]);
});
