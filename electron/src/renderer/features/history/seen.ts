/**
 * How far this browser has seen a workspace, as the engine's own marker (`now` of `/history/away`).
 *
 * Whoever watches sees things happen: the marker moves on while the page is in sight and others are connected. What
 * comes while it is hidden, cut off or closed, or while this device was alone, is what was missed.
 */
import { currentWorkspace, get } from "../../shared/api/client";
import { keep, readKept } from "../../shared/kept";

export function seenKey(): string {
  return `openprod.seen.${currentWorkspace()}`;
}

export function readSeen(): string | null {
  return readKept<string | null>(seenKey(), null);
}

/** Marks everything as seen that the engine has by now. */
export async function markSeen(): Promise<void> {
  const key = seenKey();
  const since = readKept<string | null>(key, null);
  const { now } = await get("/history/away", { limit: 0, ...(since ? { since } : {}) });
  keep(key, now);
}
