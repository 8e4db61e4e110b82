/**
 * The desktop program: one window on the engine's own page, and the engine as a child.
 *
 * It holds no data and no rules. The page comes from the engine that it started, over the same loopback address that a
 * browser uses; what a browser gets by a one-time code, the window gets through the preload script.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import {
  app,
  BrowserWindow,
  dialog,
  type IpcMainInvokeEvent,
  ipcMain,
  Menu,
  session as sessions,
} from "electron";
import { type EngineSession, SESSION_CHANNEL } from "../bridge/bridge";
import { Engine, type EngineNews, type Spawn } from "./engine";
import { engineProgram } from "./engine-program";
import { type EngineOrigin, fenceContents, fenceSession } from "./fence";
import { LogFile } from "./log-file";
import { keepPort, readPort } from "./port-file";
import { portOf } from "./readiness";

/** The ground of the page's own theme, so that nothing flashes before it is there. */
const GROUND = "#14161a";

app.enableSandbox();
if (app.requestSingleInstanceLock()) begin();
else app.quit();

function begin(): void {
  const log = new LogFile(join(app.getPath("logs"), "engine.log"));
  const portFile = join(app.getPath("userData"), "engine-port");
  let window: BrowserWindow | null = null;
  /** What the window shows: the engine's page, with the one-time code of an engine that is not ours. */
  let open: string | null = null;
  let ended = false;

  const origin: EngineOrigin = () => (open === null ? null : new URL(open).origin);
  const engine = new Engine(
    engineProgram({
      isPackaged: app.isPackaged,
      resources: process.resourcesPath,
      app: app.getAppPath(),
      given: process.env.OPENPROD_BIN,
      platform: process.platform,
    }),
    spawn as Spawn,
    (line) => log.write(line),
    hear,
    readPort(portFile),
  );

  function hear(news: EngineNews): void {
    if (news.kind === "running") {
      const before = origin();
      open = news.open;
      if (news.session !== null) keepPort(portFile, portOf(news.session.url));
      // On the address that it had, the page comes back by itself, with all that was typed.
      if (window === null) show();
      else if (before !== origin() || news.session === null) void window.loadURL(news.open);
    } else if (news.kind === "failed") {
      void complain(news.reason);
    }
  }

  function show(): void {
    if (open === null || window !== null) return;
    window = new BrowserWindow({
      width: 1440,
      height: 900,
      minWidth: 720,
      minHeight: 480,
      show: false,
      backgroundColor: GROUND,
      autoHideMenuBar: true,
      webPreferences: {
        preload: join(app.getAppPath(), "dist-desktop", "preload.cjs"),
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        devTools: !app.isPackaged,
      },
    });
    window.once("ready-to-show", () => window?.show());
    window.on("closed", () => {
      window = null;
    });
    void window.loadURL(open);
  }

  async function complain(reason: string): Promise<void> {
    const { response } = await dialog.showMessageBox({
      type: "error",
      title: "OpenProd",
      message: "The engine does not run",
      detail: [
        reason,
        "Nothing that was saved is lost.",
        "",
        ...log.tail(),
        "",
        `More is in ${log.path}`,
      ].join("\n"),
      buttons: ["Try again", "Quit"],
      defaultId: 0,
      cancelId: 1,
      noLink: true,
    });
    if (response === 0) engine.start();
    else app.quit();
  }

  /** Only the page itself is answered: no frame in it, no other page. */
  function sessionFor(event: IpcMainInvokeEvent): Promise<EngineSession | null> {
    const frame = event.senderFrame;
    const isPage = window !== null && event.sender === window.webContents && frame !== null;
    if (!isPage || frame.parent !== null || frame.origin !== origin())
      throw new Error("only the engine's page is answered");
    return engine.settled();
  }

  app.on("web-contents-created", (_event, contents) => fenceContents(contents, origin));
  app.on("second-instance", () => {
    if (window?.isMinimized()) window.restore();
    if (window === null) show();
    window?.focus();
  });
  app.on("activate", show);
  app.on("window-all-closed", () => {
    if (process.platform !== "darwin") app.quit();
  });
  app.on("before-quit", (event) => {
    if (ended) return;
    event.preventDefault();
    void engine.stop().then(() => {
      ended = true;
      app.quit();
    });
  });
  ipcMain.handle(SESSION_CHANNEL, sessionFor);
  void app.whenReady().then(() => {
    Menu.setApplicationMenu(process.platform === "darwin" ? macMenu() : null);
    fenceSession(sessions.defaultSession, origin);
    engine.start();
  });
}

/** On a Mac, copying, pasting and quitting come from the menu; elsewhere they need none. */
function macMenu(): Menu {
  return Menu.buildFromTemplate([{ role: "appMenu" }, { role: "editMenu" }, { role: "windowMenu" }]);
}
