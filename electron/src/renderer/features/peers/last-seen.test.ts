import { expect, it } from "vitest";
import { lastSeen, presenceWords } from "./last-seen";

const NOW = Date.parse("2026-11-21T19:30:00Z");

it("tells when a device was last met", () => {
  expect(lastSeen({ last_seen: "2026-11-21T19:25:00Z" }, NOW)).toBe("Seen 5 min ago");
  expect(lastSeen({ last_seen: "2026-11-21T19:29:50Z" }, NOW)).toBe("Seen just now");
  expect(lastSeen({ last_seen: null }, NOW)).toBe("Never met");
});

it("names those first that are connected", () => {
  const peers = [
    { peer_id: "ab12cd34", name: "", connected: false, last_seen: null },
    { peer_id: "b", name: "Booth", connected: false, last_seen: "2026-11-21T19:28:00Z" },
    { peer_id: "d", name: "Desk", connected: true, last_seen: "2026-11-21T19:30:00Z" },
  ];
  expect(presenceWords(peers, NOW)).toBe("Desk: connected\nDevice ab12cd: never met\nBooth: seen 2 min ago");
});
