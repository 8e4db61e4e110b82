/**
 * The engine's HTTP interface, typed by its OpenAPI document.
 *
 * Which workspace is meant is kept here once: every request names it, unless it is about none.
 */

import { EngineProblem, unreachable } from "./problem";
import type { paths } from "./schema";

type Json<R> = R extends { 200: { content: { "application/json": infer T } } } ? T : never;
type Getters = { [P in keyof paths]: paths[P] extends { get: { responses: infer R } } ? Json<R> : never };
type Posters = { [P in keyof paths]: paths[P] extends { post: { responses: infer R } } ? Json<R> : never };
type BodyOf<P extends keyof paths> = paths[P] extends {
  post: { requestBody: { content: { "application/json": infer B } } };
}
  ? B
  : Record<string, never>;
type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? Q
  : never;

type GetPath = { [P in keyof paths]: Getters[P] extends never ? never : P }[keyof paths];
type PostPath = { [P in keyof paths]: Posters[P] extends never ? never : P }[keyof paths];

/** Requests that name no workspace. */
const ABOUT_NONE = new Set<string>([
  "/workspace/create",
  "/workspace/join",
  "/workspace/list",
  "/workspace/demo",
  "/peers/nearby",
  "/session",
  "/session/code",
  "/health",
  "/openapi.json",
]);

const TOKEN_KEY = "openprod.token";
const WORKSPACE_KEY = "openprod.workspace";

let token: string | null = null;
/** Whether whoever answers on this port is known to be the engine that gave the token. */
let trusted = true;
let workspace: string | null = null;
let onUnauthorized: () => void = () => {};

/** Takes up what this tab kept: it is gone when the tab is. */
export function resumeSession(): void {
  token = sessionStorage.getItem(TOKEN_KEY);
  workspace = sessionStorage.getItem(WORKSPACE_KEY);
}

export function currentToken(): string | null {
  return token;
}

export function keepToken(next: string | null): void {
  token = next;
  trusted = true;
  if (next === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, next);
}

/**
 * The engine is away, and another program may come to its port: until it has proved to be the engine, the token is said to
 * nobody, and is no longer where a page that such a program serves could find it.
 */
export function distrust(): void {
  trusted = false;
  sessionStorage.removeItem(TOKEN_KEY);
}

/** It is the engine that answers. */
export function trustAgain(): void {
  keepToken(token);
}

export function currentWorkspace(): string | null {
  return workspace;
}

export function chooseWorkspace(id: string | null): void {
  workspace = id;
  if (id === null) sessionStorage.removeItem(WORKSPACE_KEY);
  else sessionStorage.setItem(WORKSPACE_KEY, id);
}

/** What happens when the engine does not know the token: it was restarted, or another one answers. */
export function whenUnauthorized(act: () => void): void {
  onUnauthorized = act;
}

/** Asks. `path` may have `{id}` filled in already; `shape` then names it as the document does. */
export async function get<P extends GetPath>(
  path: P,
  query?: QueryOf<P>,
  options: { signal?: AbortSignal | undefined; id?: string } = {},
): Promise<Getters[P]> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  if (workspace !== null && !ABOUT_NONE.has(path)) parameters.set("workspace", workspace);
  const at = options.id === undefined ? path : path.replace("{id}", encodeURIComponent(options.id));
  const search = parameters.size > 0 ? `?${parameters}` : "";
  return (await send(`${at}${search}`, { method: "GET", signal: options.signal ?? null })) as Getters[P];
}

/** Commands. */
export async function post<P extends PostPath>(
  path: P,
  body: BodyOf<P>,
  options: { keepalive?: boolean } = {},
): Promise<Posters[P]> {
  return (await postJson(path, body, options)) as Posters[P];
}

/**
 * Posts to a path that the document this was built against does not have yet. With `keepalive`, the request outlives a
 * page that is closed; browsers take no more than 64 kB of that.
 */
export async function postJson(
  path: string,
  body: unknown,
  options: { keepalive?: boolean } = {},
): Promise<unknown> {
  const named =
    workspace === null || ABOUT_NONE.has(path) ? body : { workspace, ...(body as Record<string, unknown>) };
  return send(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(named),
    keepalive: options.keepalive ?? false,
  });
}

/** Asks a path that the document this was built against does not have yet. */
export async function getJson(path: string, signal?: AbortSignal): Promise<unknown> {
  const named =
    workspace === null
      ? path
      : `${path}${path.includes("?") ? "&" : "?"}workspace=${encodeURIComponent(workspace)}`;
  return send(named, { method: "GET", signal: signal ?? null });
}

async function send(path: string, request: RequestInit): Promise<unknown> {
  const headers = new Headers(request.headers);
  const shown = token;
  if (token !== null && !trusted) throw unreachable();
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(path, { ...request, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  const text = await response.text();
  if (response.ok) return text === "" ? null : JSON.parse(text);
  const problem = EngineProblem.read(response.status, text);
  // An answer to a token that was replaced meanwhile says nothing of the new one.
  if (response.status === 401 && path !== "/session" && shown === token) onUnauthorized();
  throw problem;
}
