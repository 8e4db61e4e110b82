/** What the network doctor found, read with care: an older or newer engine may tell less or more. */

export type Verdict = "ok" | "warn" | "fail" | "skipped";
export type Check = { id: string; status: Verdict; title: string; detail: string; advice: string };
export type CheckedPeer = { name: string; status: Verdict; detail: string; advice: string };
export type Checkup = { status: Verdict; checks: Check[]; peers: CheckedPeer[] };

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const VERDICTS: readonly string[] = ["ok", "warn", "fail", "skipped"];

function verdict(value: unknown): Verdict {
  return VERDICTS.includes(text(value)) ? (value as Verdict) : "warn";
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Reads `/doctor`; what has no title is left out, and a verdict that is not known counts as a warning. */
export function readCheckup(answer: unknown): Checkup {
  const json = isObject(answer) ? answer : {};
  const checks = objects(json.checks).flatMap((check, index): Check[] => {
    const title = text(check.title) || text(check.name);
    if (title === "") return [];
    return [
      {
        id: text(check.id) || text(check.name) || `check ${index + 1}`,
        status: verdict(check.status),
        title,
        detail: text(check.detail),
        advice: text(check.advice),
      },
    ];
  });
  const peers = objects(json.peers).flatMap((peer): CheckedPeer[] => {
    const name = text(peer.name) || text(peer.peer_id).slice(0, 6);
    if (name === "") return [];
    // Why it is not connected, as a finding of its own; nothing while it is.
    const reason = isObject(peer.reason) ? peer.reason : null;
    if (!reason) return [{ name, status: "ok", detail: "Connected.", advice: "" }];
    const detail = [sentence(text(reason.title), name), text(reason.detail)].filter(Boolean).join(" ");
    return [{ name, status: verdict(reason.status), detail, advice: text(reason.advice) }];
  });
  const worst = (["fail", "warn"] as const).find((one) =>
    [...checks, ...peers].some((it) => it.status === one),
  );
  return { status: worst ?? "ok", checks, peers };
}

/** A title as a sentence beside the name that it begins with. */
function sentence(title: string, name: string): string {
  const tail = title.startsWith(`${name}: `) ? title.slice(name.length + 2) : title;
  if (tail === "") return "";
  return `${tail.charAt(0).toUpperCase()}${tail.slice(1)}${/[.!?]$/.test(tail) ? "" : "."}`;
}
