/** The one line of JSON that the engine prints once it answers. */
import type { EngineSession } from "../bridge/bridge";

const URL_SHAPE = /^http:\/\/127\.0\.0\.1:(\d{1,5})$/;
const TOKEN_SHAPE = /^[0-9a-f]{64}$/;

/** Reads the line; `null` when it is another one, or names a place that is not on this computer. */
export function readReadiness(line: string): EngineSession | null {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof told !== "object" || told === null) return null;
  const { ready, url, token } = told as Record<string, unknown>;
  if (ready !== true || typeof url !== "string" || typeof token !== "string") return null;
  return isPort(URL_SHAPE.exec(url)?.[1]) && TOKEN_SHAPE.test(token) ? { url, token } : null;
}

/** The port of an engine's address; 0 when there is none. */
export function portOf(url: string): number {
  const port = URL_SHAPE.exec(url)?.[1];
  return isPort(port) ? Number(port) : 0;
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && Number(text) > 0 && Number(text) < 65_536;
}
