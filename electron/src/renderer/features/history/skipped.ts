/** What undo, redo and revert left as it is, in words. */
import type { SkippedView } from "../../shared/api/schema";

const REASONS: Record<string, string> = {
  edited_since: "somebody changed it since",
  in_conflict: "it is in conflict",
  gone: "its record is gone",
  text: "a text is taken back in the text itself",
  fact: "what was recorded stays recorded",
  unchanged: "nothing changed there",
  only_table: "a record stays in its only table",
  founding: "the workspace keeps what it was made with",
};

/** “2 cells were left: somebody changed them since”. */
export function tellSkipped(skipped: readonly SkippedView[], how: "back" | "again"): string {
  const [first] = skipped;
  if (!first) return "";
  const fields = [...new Set(skipped.flatMap((one) => (one.field ? [one.field] : [])))].slice(0, 3);
  const what = skipped.length === 1 ? `“${first.field ?? "A change"}” was` : `${skipped.length} changes were`;
  const which = skipped.length > 1 && fields.length > 0 ? ` (${fields.join(", ")})` : "";
  const done = how === "back" ? "not taken back" : "not done again";
  const reasons = new Set(skipped.map((one) => REASONS[one.reason] ?? one.reason.replaceAll("_", " ")));
  return `${what} ${done}${which}: ${[...reasons].join("; ")}`;
}
