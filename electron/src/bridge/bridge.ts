/**
 * What the desktop program gives the page, as both sides know it: the only way from one to the other.
 *
 * In a browser there is no `window.openprod`, and the page signs in by the one-time code in its address.
 */

/** How to reach the engine that the desktop program started. */
export type EngineSession = {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** Sent as `Authorization: Bearer TOKEN`; another one after each start of the engine. */
  token: string;
};

export type DesktopBridge = {
  /** The session of the engine that runs now; `null` while none does, or when it is not the program's own. */
  session(): Promise<EngineSession | null>;
};

export const SESSION_CHANNEL = "openprod:session";

declare global {
  interface Window {
    openprod?: DesktopBridge;
  }
}
