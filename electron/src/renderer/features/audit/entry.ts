/** Entries of the audit trail in words. */
import type { AuditEntryView } from "../../shared/api/schema";

/** “records update” of `records.update`. */
export function commandWords(command_type: string): string {
  return command_type.replace(".", ": ").replaceAll("_", " ");
}

type Entry = Pick<AuditEntryView, "bundle_id" | "actor_id" | "repeats">;

/** Where else the same command was given, while devices did not see each other; `null` of one that was given once. */
export function repetitionWords(
  entry: Entry,
  all: readonly Entry[],
  actorName: (actor: string) => string,
): string | null {
  const counted = entry.repeats ?? entry.bundle_id;
  const others = all.filter(
    (other) =>
      other.bundle_id !== entry.bundle_id && (other.bundle_id === counted || other.repeats === counted),
  );
  const names = [...new Set(others.map((other) => actorName(other.actor_id)))];
  if (names.length === 0) return entry.repeats ? "the same command, given elsewhere too: counts there" : null;
  const where = names.join(" and ");
  return entry.repeats
    ? `the same command, given on ${where} too: counts there`
    : `the same command, given on ${where} too`;
}
