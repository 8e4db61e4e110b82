/**
 * The engine's WebSocket: tells that something changed, so that the page asks again.
 *
 * Every connection begins with `ready`, which is told as `resync`: what was asked before it, be it ahead of the first
 * connection, may have changed since, and nothing told of that.
 */
import { currentToken, distrust, trustAgain } from "./client";
import { whoAnswers } from "./proof";
import type { Event as EngineEvent } from "./schema";

export type Link = "connecting" | "open" | "lost";
type Listener = (event: EngineEvent) => void;

const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 4_000;
const UNAUTHORIZED = 4_401;

const listeners = new Set<Listener>();
const linkListeners = new Set<() => void>();
let link: Link = "connecting";
let socket: WebSocket | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let wait = WAIT_MS_MIN;
let wanted = false;
let lostSince: number | null = null;
let refused: () => void = () => {};

/** Calls `listener` with every event until the returned function is called. */
export function onEngineEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function subscribeLink(listener: () => void): () => void {
  linkListeners.add(listener);
  return () => linkListeners.delete(listener);
}

export function currentLink(): Link {
  return link;
}

/** Since when the engine has been out of reach, in milliseconds since 1970; `null` while it answers. */
export function lostAt(): number | null {
  return lostSince;
}

export function openSocket(onRefused: () => void): () => void {
  wanted = true;
  refused = onRefused;
  connect();
  return () => {
    wanted = false;
    clearTimeout(timer);
    socket?.close();
    socket = null;
  };
}

/** Tries now, without waiting for the next attempt. */
export function retrySocket(): void {
  if (link === "lost" && wanted) {
    clearTimeout(timer);
    void reconnect();
  }
}

/** Connects again once it is the engine that answers. */
async function reconnect(): Promise<void> {
  const before = socket;
  const token = currentToken();
  const answerer = token === null ? "other" : await whoAnswers(token);
  // Meanwhile the page may have been told another token, or have connected.
  if (!wanted || socket !== before || link !== "lost") return;
  if (answerer === "ours") {
    trustAgain();
    connect();
  } else if (answerer === "silent") tryLater();
  else refused();
}

function tryLater(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void reconnect(), wait);
  wait = Math.min(wait * 2, WAIT_MS_MAX);
}

function connect(): void {
  const address = new URL("/ws", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(address);
  socket = opened;
  opened.onopen = () => opened.send(JSON.stringify({ type: "hello", token: currentToken() }));
  opened.onmessage = (message) => {
    const event = JSON.parse(String(message.data)) as EngineEvent;
    if (event.type === "ready") {
      wait = WAIT_MS_MIN;
      lostSince = null;
      setLink("open");
      tell({ type: "resync" });
      return;
    }
    tell(event);
  };
  opened.onclose = (close) => {
    if (!wanted || socket !== opened) return;
    lostSince ??= Date.now();
    distrust();
    setLink("lost");
    if (close.code === UNAUTHORIZED) refused();
    else tryLater();
  };
}

function setLink(next: Link): void {
  if (link === next) return;
  link = next;
  for (const listener of linkListeners) listener();
}

function tell(event: EngineEvent): void {
  for (const listener of [...listeners]) listener(event);
}
