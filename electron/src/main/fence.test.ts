import type { Session, WebContents } from "electron";
import { beforeEach, expect, it, vi } from "vitest";
import { fenceContents, fenceSession, isOfEngine } from "./fence";

const ORIGIN = "http://127.0.0.1:4000";
const engine = () => ORIGIN;

const OWN = [`${ORIGIN}/`, `${ORIGIN}/#/peers`, `ws://127.0.0.1:4000/ws`, `blob:${ORIGIN}/0f8b`];
const FOREIGN = [
  "http://127.0.0.1:4001/",
  "http://localhost:4000/",
  "https://127.0.0.1:4000/",
  "wss://127.0.0.1:4000/ws",
  "http://127.0.0.1:4000@elsewhere.example/",
  "http://user@127.0.0.1:4000/",
  "https://elsewhere.example/",
  "file:///etc/passwd",
  "data:text/html,hello",
  "blob:https://elsewhere.example/0f8b",
  "javascript:alert(1)",
  "about:blank",
  "not an address",
];

it.each(OWN)("%s is the engine's", (address) => {
  expect(isOfEngine(address, engine)).toBe(true);
});
it.each(FOREIGN)("%s is not the engine's", (address) => {
  expect(isOfEngine(address, engine)).toBe(false);
});
it("nothing is the engine's before there is one", () => {
  expect(isOfEngine(`${ORIGIN}/`, () => null)).toBe(false);
});

// biome-ignore lint/complexity/noBannedTypes: whatever was registered is called as Electron would call it
type Handler = Function;
const handlers: Record<string, Handler> = {};
const keep = (name: string) =>
  vi.fn((handler: Handler) => {
    handlers[name] = handler;
  });

beforeEach(() => {
  for (const name of Object.keys(handlers)) delete handlers[name];
});

function ofSession(name: string): Handler {
  const session = {
    setPermissionRequestHandler: keep("request"),
    setPermissionCheckHandler: keep("check"),
    setDevicePermissionHandler: keep("device"),
    webRequest: { onBeforeRequest: keep("before") },
  };
  fenceSession(session as unknown as Session, engine);
  const handler = handlers[name];
  if (!handler) throw new Error(`nothing handles ${name}`);
  return handler;
}

it.each(["media", "geolocation", "notifications", "midi", "clipboard-read", "openExternal", "hid", "serial"])(
  "denies %s to its own page",
  (permission) => {
    const decide = vi.fn();
    ofSession("request")(null, permission, decide, { requestingUrl: `${ORIGIN}/` });
    expect(decide).toHaveBeenCalledExactlyOnceWith(false);
    expect(ofSession("check")(null, permission, ORIGIN)).toBe(false);
  },
);

it("lets its own page copy, and no other", () => {
  const copy = "clipboard-sanitized-write";
  for (const [url, granted] of [
    [`${ORIGIN}/`, true],
    ["https://elsewhere.example/", false],
  ] as const) {
    const decide = vi.fn();
    ofSession("request")(null, copy, decide, { requestingUrl: url });
    expect(decide).toHaveBeenCalledExactlyOnceWith(granted);
    expect(ofSession("check")(null, copy, url)).toBe(granted);
  }
});

it("gives no device away", () => {
  expect(ofSession("device")({ deviceType: "usb", origin: ORIGIN })).toBe(false);
});

it("lets requests through to the engine only", () => {
  const cancelled = (url: string) => {
    const answer = vi.fn();
    ofSession("before")({ url }, answer);
    return answer.mock.calls[0]?.[0].cancel;
  };
  expect(OWN.map(cancelled)).toEqual(OWN.map(() => false));
  expect(FOREIGN.map(cancelled)).toEqual(FOREIGN.map(() => true));
  expect(cancelled("devtools://devtools/bundled/inspector.html")).toBe(false);
});

function ofContents(): { on: Record<string, Handler>; open: Handler } {
  const on: Record<string, Handler> = {};
  let open: Handler = () => {};
  const contents = {
    on: (name: string, handler: Handler) => {
      on[name] = handler;
    },
    setWindowOpenHandler: (handler: Handler) => {
      open = handler;
    },
  };
  fenceContents(contents as unknown as WebContents, engine);
  return { on, open };
}

it.each(["will-navigate", "will-redirect"])("%s stays with the engine", (name) => {
  const prevented = (url: string) => {
    const event = { url, preventDefault: vi.fn() };
    ofContents().on[name]?.(event);
    return event.preventDefault.mock.calls.length === 1;
  };
  expect(prevented(`${ORIGIN}/#/history`)).toBe(false);
  expect(FOREIGN.map(prevented)).toEqual(FOREIGN.map(() => true));
});

it("has no frames, no web views and no windows", () => {
  const { on, open } = ofContents();
  const frame = { isMainFrame: false, preventDefault: vi.fn() };
  on["will-frame-navigate"]?.(frame);
  expect(frame.preventDefault).toHaveBeenCalledOnce();
  const view = { preventDefault: vi.fn() };
  on["will-attach-webview"]?.(view);
  expect(view.preventDefault).toHaveBeenCalledOnce();
  expect(open({ url: `${ORIGIN}/` })).toEqual({ action: "deny" });
});
