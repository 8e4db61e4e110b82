import { EventEmitter } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SESSION_CHANNEL } from "../bridge/bridge";

const TOKEN = "0123456789abcdef".repeat(4);
const ORIGIN = "http://127.0.0.1:4000";

// biome-ignore lint/suspicious/noExplicitAny: what Electron calls back with is made up here
type Any = any;

/** Electron, as far as it is used: what it is asked for is kept, and its events are made by the test. */
const electron = vi.hoisted(() => ({
  app: {
    on: vi.fn(),
    quit: vi.fn(),
    enableSandbox: vi.fn(),
    requestSingleInstanceLock: vi.fn(() => true),
    whenReady: vi.fn(() => Promise.resolve()),
    getPath: vi.fn((_name: string) => ""),
    getAppPath: vi.fn(() => "/checkout/electron"),
    isPackaged: false,
  },
  BrowserWindow: vi.fn(),
  dialog: { showMessageBox: vi.fn() },
  ipcMain: { handle: vi.fn() },
  Menu: { setApplicationMenu: vi.fn(), buildFromTemplate: vi.fn() },
  session: {
    defaultSession: {
      setPermissionRequestHandler: vi.fn(),
      setPermissionCheckHandler: vi.fn(),
      setDevicePermissionHandler: vi.fn(),
      webRequest: { onBeforeRequest: vi.fn() },
    },
  },
}));
const spawn = vi.hoisted(() => vi.fn());
vi.mock("electron", () => electron);
vi.mock("node:child_process", () => ({ spawn }));

class Window extends EventEmitter {
  readonly webContents = {};
  readonly loadURL = vi.fn(async (_url: string) => {});
  readonly show = vi.fn();
  readonly focus = vi.fn();
  readonly restore = vi.fn();
  readonly isMinimized = vi.fn(() => true);
}

class Child extends EventEmitter {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly kill = vi.fn();
}

let directory: string;
let windows: Window[];
let children: Child[];

const settle = () => new Promise((resolve) => setImmediate(resolve));
const heard = (name: string) => electron.app.on.mock.calls.find(([event]) => event === name)?.[1] as Any;
const child = () => children.at(-1) as Child;
const ready = async (origin = ORIGIN) => {
  child().stdout.write(`${JSON.stringify({ ready: true, url: origin, token: TOKEN })}\n`);
  await settle();
};
const ask = (sender: unknown, senderFrame: unknown) =>
  electron.ipcMain.handle.mock.calls[0]?.[1]({ sender, senderFrame });

beforeEach(async () => {
  vi.resetModules();
  vi.clearAllMocks();
  directory = mkdtempSync(join(tmpdir(), "openprod-main-"));
  windows = [];
  children = [];
  electron.app.getPath.mockImplementation((name: string) => join(directory, name === "logs" ? "logs" : ""));
  electron.app.requestSingleInstanceLock.mockReturnValue(true);
  electron.dialog.showMessageBox.mockResolvedValue({ response: 1 });
  electron.BrowserWindow.mockImplementation(function make() {
    const window = new Window();
    windows.push(window);
    return window;
  });
  spawn.mockImplementation(() => {
    const made = new Child();
    children.push(made);
    return made;
  });
  vi.stubEnv("OPENPROD_BIN", "/checkout/openprod");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  await import("./main");
  await settle();
}

it("a second one gives way to the first, which comes to the front", async () => {
  electron.app.requestSingleInstanceLock.mockReturnValue(false);
  await start();
  expect(electron.app.quit).toHaveBeenCalledOnce();
  expect(spawn).not.toHaveBeenCalled();
  electron.app.requestSingleInstanceLock.mockReturnValue(true);
  vi.resetModules();
  await start();
  await ready();
  heard("second-instance")();
  expect(windows[0]?.restore).toHaveBeenCalledOnce();
  expect(windows[0]?.focus).toHaveBeenCalledOnce();
});

it("puts every page in the sandbox, and the fence up before the engine starts", async () => {
  await start();
  expect(electron.app.enableSandbox).toHaveBeenCalledOnce();
  const fence = electron.session.defaultSession;
  for (const asked of [
    fence.setPermissionRequestHandler,
    fence.setPermissionCheckHandler,
    fence.setDevicePermissionHandler,
    fence.webRequest.onBeforeRequest,
  ]) {
    expect(asked).toHaveBeenCalledOnce();
    expect(asked.mock.invocationCallOrder[0]).toBeLessThan(spawn.mock.invocationCallOrder[0] ?? 0);
  }
});

it("opens the engine's page once the engine answers, without Node and apart from the preload script", async () => {
  await start();
  expect(windows).toHaveLength(0);
  await ready();
  expect(spawn.mock.calls[0]?.[0]).toBe("/checkout/openprod");
  expect(electron.BrowserWindow.mock.calls[0]?.[0].webPreferences).toMatchObject({
    preload: join("/checkout/electron", "dist-desktop", "preload.cjs"),
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
  });
  // The token goes by the preload script, never by the address.
  expect(windows[0]?.loadURL.mock.calls).toEqual([[`${ORIGIN}/`]]);
});

it("tells the session to its own page only", async () => {
  await start();
  await ready();
  const contents = windows[0]?.webContents;
  await expect(ask(contents, { parent: null, origin: ORIGIN })).resolves.toEqual({
    url: ORIGIN,
    token: TOKEN,
  });
  expect(electron.ipcMain.handle.mock.calls.map(([channel]) => channel)).toEqual([SESSION_CHANNEL]);
  for (const [sender, frame] of [
    [{}, { parent: null, origin: ORIGIN }],
    [contents, null],
    [contents, { parent: {}, origin: ORIGIN }],
    [contents, { parent: null, origin: "http://127.0.0.1:4001" }],
    [contents, { parent: null, origin: "null" }],
  ]) {
    expect(() => ask(sender, frame)).toThrow("only the engine's page");
  }
});

it("leaves the page alone when its engine comes back where it was, and follows it elsewhere", async () => {
  await start();
  await ready();
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  child().emit("close", null, "SIGKILL");
  vi.advanceTimersByTime(250);
  await ready();
  expect(windows[0]?.loadURL).toHaveBeenCalledTimes(1);
  child().emit("close", null, "SIGKILL");
  vi.advanceTimersByTime(500);
  await ready("http://127.0.0.1:4999");
  expect(windows).toHaveLength(1);
  expect(windows[0]?.loadURL.mock.calls.at(-1)).toEqual(["http://127.0.0.1:4999/"]);
});

it("has the port that it had the last time", async () => {
  await start();
  expect(spawn.mock.calls[0]?.[1].at(-1)).toBe("0");
  await ready();
  vi.resetModules();
  await start();
  expect(spawn.mock.calls[1]?.[1].at(-1)).toBe("4000");
});

it("says why when the engine cannot be started, and tries again or quits as asked", async () => {
  electron.dialog.showMessageBox.mockResolvedValueOnce({ response: 0 });
  await start();
  child().stderr.write("error: the disk is full\n");
  await settle();
  child().emit("error", new Error("spawn ENOENT"));
  child().emit("close", -2, null);
  await settle();
  const asked = electron.dialog.showMessageBox.mock.calls[0]?.[0];
  expect(asked.detail).toContain("spawn ENOENT");
  expect(asked.detail).toContain("the disk is full");
  expect(children).toHaveLength(2);
  child().emit("error", new Error("spawn ENOENT"));
  child().emit("close", -2, null);
  await settle();
  expect(electron.app.quit).toHaveBeenCalledOnce();
});

it("ends the engine before it quits", async () => {
  await start();
  await ready();
  const event = { preventDefault: vi.fn() };
  heard("before-quit")(event);
  expect(event.preventDefault).toHaveBeenCalledOnce();
  expect(child().kill).toHaveBeenCalledExactlyOnceWith("SIGTERM");
  expect(electron.app.quit).not.toHaveBeenCalled();
  child().emit("close", 0, null);
  await settle();
  expect(electron.app.quit).toHaveBeenCalledOnce();
  const again = { preventDefault: vi.fn() };
  heard("before-quit")(again);
  expect(again.preventDefault).not.toHaveBeenCalled();
});

it("keeps a log without the token", async () => {
  await start();
  await ready();
  const log = readFileSync(join(directory, "logs", "engine.log"), "utf8");
  expect(log).toContain(`the engine answers at ${ORIGIN}`);
  expect(log).not.toContain(TOKEN);
});

it("fences every page in", async () => {
  await start();
  const contents = { on: vi.fn(), setWindowOpenHandler: vi.fn() };
  heard("web-contents-created")({}, contents);
  expect(contents.setWindowOpenHandler).toHaveBeenCalledOnce();
  expect(contents.on.mock.calls.map(([name]) => name)).toContain("will-navigate");
});

it("is packaged with its doors shut and only what it runs", () => {
  const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
  const config = read("electron-builder.json");
  expect(config.electronFuses).toMatchObject({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  });
  expect(config.asar).toBe(true);
  expect(config.files).toContain("!node_modules/**");
  expect(config.extraResources[0].to).toBe("engine");
  expect(read("package.json").main).toBe("dist-desktop/main.cjs");
});
