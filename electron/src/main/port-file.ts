/**
 * The port that the engine had the last time. The page keeps a person's settings under its address, so it should have
 * the same one again.
 */
import { readFileSync, writeFileSync } from "node:fs";

/** The port in the file; 0, which takes any, when there is none. */
export function readPort(path: string): number {
  try {
    const port = Number(readFileSync(path, "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
  } catch {
    return 0;
  }
}

/** Keeps a port; where that is not possible, the settings are lost and nothing else. */
export function keepPort(path: string, port: number): void {
  try {
    writeFileSync(path, String(port));
  } catch {
    // See above.
  }
}
