/** How the workspace stands with others, in words that promise no more than is known. */
import type { SyncView } from "../../shared/api/schema";

export type SyncTold = {
  words: string;
  about: string;
  kind: "alone" | "looking" | "live" | "busy" | "problem";
};

export function tellSync(sync: SyncView | undefined, link: "connecting" | "open" | "lost"): SyncTold {
  if (link === "lost") {
    return { words: "Engine away", about: "The engine on this computer does not answer.", kind: "problem" };
  }
  if (!sync) return { words: "…", about: "", kind: "looking" };
  const held = sync.held.length;
  if (held > 0 && sync.state !== "problem") {
    return {
      words: `${held} held back`,
      about: "Changes have arrived that are not applied yet. See Peers.",
      kind: "problem",
    };
  }
  switch (sync.state) {
    case "looking":
      return { words: "Looking", about: "Saved here. Looking for others on this network.", kind: "looking" };
    case "live":
      return {
        words: `Live with ${sync.peers}`,
        about: `Connected with ${sync.peers} ${sync.peers === 1 ? "device" : "devices"}; they have what you have.`,
        kind: "live",
      };
    case "catching_up":
      return {
        words: `Catching up ${sync.behind.toLocaleString("en")}`,
        about: "Changes of others are arriving.",
        kind: "busy",
      };
    case "paused":
      return { words: "Paused", about: "Saved here. Exchange with others is paused.", kind: "alone" };
    case "problem":
      return {
        words: "Problem",
        about: sync.reason ?? "Something is wrong with the exchange. See Peers.",
        kind: "problem",
      };
    default:
      return { words: "Alone", about: "Saved here, on this computer. Nobody else was met.", kind: "alone" };
  }
}
