/** When a device was last met, in words. */
import type { PeerView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";

/** “Seen 5 min ago”, “Seen Fri, 20 Nov, 19:30”, “Never met”. */
export function lastSeen(peer: Pick<PeerView, "last_seen">, now: number = Date.now()): string {
  return peer.last_seen == null ? "Never met" : `Seen ${ago(peer.last_seen, now)}`;
}

/** Devices in a few words each, those that are connected first: “Booth: connected”. */
export function presenceWords(
  peers: readonly Pick<PeerView, "peer_id" | "name" | "connected" | "last_seen">[],
  now: number = Date.now(),
): string {
  return peers
    .toSorted((a, b) => Number(b.connected) - Number(a.connected))
    .map((peer) => {
      const name = peer.name || `Device ${peer.peer_id.slice(0, 6)}`;
      return `${name}: ${peer.connected ? "connected" : lastSeen(peer, now).toLowerCase()}`;
    })
    .join("\n");
}
