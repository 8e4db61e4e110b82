/**
 * Decisions that were made without knowing of facts that speak to them, as the engine tells.
 *
 * Read with care: a page may be older or newer than its engine, and what it cannot read is left out rather than shown
 * wrong.
 */

export type Fact = {
  id: string;
  type: string;
  payload: Record<string, unknown>;
  actor: string;
  at: string;
};

export type Decision = {
  id: string;
  /** What kind of command decided, such as `booking.book`. */
  command: string;
  actor: string;
  at: string;
  /** Whether each of two decisions lacked the other, or only this one lacked something. */
  mutual: boolean;
  status: string;
  /** What the decision recorded. */
  own: Fact[];
  /** What it had not seen. */
  unseen: Fact[];
  reason: string | null;
};

export type Choice = "accept" | "compensate" | "rerun";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function text(from: Json, ...names: string[]): string {
  for (const name of names) {
    const value = from[name];
    if (typeof value === "string") return value;
  }
  return "";
}

function list(from: Json, ...names: string[]): Json[] {
  for (const name of names) {
    const value = from[name];
    if (Array.isArray(value)) return value.filter(isObject);
  }
  return [];
}

function readFact(json: Json): Fact {
  const { payload } = json;
  return {
    id: text(json, "op_id", "fact_id", "id"),
    type: text(json, "event_type", "fact_type", "type"),
    payload: isObject(payload) ? payload : {},
    actor: text(json, "actor_id", "actor"),
    at: text(json, "at"),
  };
}

/** The decisions of an answer that have an id and something that they had not seen. */
export function readDecisions(answer: unknown): Decision[] {
  if (!isObject(answer)) return [];
  return list(answer, "conflicts", "decisions").flatMap((json): Decision[] => {
    const decision = isObject(json.decision) ? { ...json, ...json.decision } : json;
    const id = text(decision, "decision_id", "bundle_id", "conflict_id");
    if (id === "") return [];
    return [
      {
        id,
        command: text(decision, "command_type", "command"),
        actor: text(decision, "actor_id", "actor"),
        at: text(decision, "at"),
        mutual: decision.mutual === true || decision.kind === "mutual",
        status: text(decision, "status") || "open",
        own: list(decision, "own", "recorded", "events").map(readFact),
        unseen: list(decision, "unseen", "facts", "conflicts_with", "missed").map(readFact),
        reason: text(decision, "reason", "problem") || null,
      },
    ];
  });
}

/** “booked” of `booking.person_booked`: the last words, without what they belong to. */
export function factWords(type: string): string {
  return (type.split(/[./:]/).at(-1) ?? type)
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

/** A payload as a person reads it: names and plain values, in their order. */
export function factLines(payload: Record<string, unknown>): [string, string][] {
  return Object.entries(payload).map(([name, value]) => [
    name.replaceAll("_", " "),
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}
