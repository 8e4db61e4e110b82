/**
 * What the page may not do. It is the engine's own page, and is treated as if it were not: it talks to its engine and
 * to nobody else, opens nothing, goes nowhere, and gets no device.
 */
import type { Session, WebContents } from "electron";

/** Copying cells asks for this one; reading the clipboard comes with a paste, and needs none. */
const GRANTED = "clipboard-sanitized-write";

/** The origin of the engine that is shown now; `null` before there is one. */
export type EngineOrigin = () => string | null;

/** Whether an address is one of the engine's, its WebSocket and what its page made itself (`blob:`) included. */
export function isOfEngine(address: string, engine: EngineOrigin): boolean {
  const origin = engine();
  if (origin === null || !URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") return false;
  // The origin of a `blob:` address is that of the page which made it.
  return (url.protocol === "ws:" ? `http://${url.host}` : url.origin) === origin;
}

/** Fences in all that runs in a session. */
export function fenceSession(session: Session, engine: EngineOrigin): void {
  session.setPermissionRequestHandler((_contents, permission, decide, details) => {
    decide(permission === GRANTED && isOfEngine(details.requestingUrl, engine));
  });
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => permission === GRANTED && isOfEngine(origin, engine),
  );
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((request, answer) => {
    answer({ cancel: !(request.url.startsWith("devtools:") || isOfEngine(request.url, engine)) });
  });
}

/** Fences in one page: it neither leaves the engine nor opens windows. */
export function fenceContents(contents: WebContents, engine: EngineOrigin): void {
  contents.on("will-navigate", (event) => {
    if (!isOfEngine(event.url, engine)) event.preventDefault();
  });
  contents.on("will-frame-navigate", (event) => event.isMainFrame || event.preventDefault());
  contents.on("will-redirect", (event) => {
    if (!isOfEngine(event.url, engine)) event.preventDefault();
  });
  contents.on("will-attach-webview", (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
}
