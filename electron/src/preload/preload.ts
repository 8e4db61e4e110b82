/** Runs before the page, in a world of its own, and hands it one function. It passes no channel and no event on. */
import { contextBridge, ipcRenderer } from "electron";
import { type DesktopBridge, SESSION_CHANNEL } from "../bridge/bridge";

const bridge: DesktopBridge = {
  session: () => ipcRenderer.invoke(SESSION_CHANNEL),
};

contextBridge.exposeInMainWorld("openprod", bridge);
