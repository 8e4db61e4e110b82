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
  /** Whether it has lost, where its kind of decision loses by itself. */
  lost: boolean;
  /** What the decision recorded. */
  own: Fact[];
  /** What it had not seen. */
  unseen: Fact[];
  /** What its author got wrong about what they had seen; `null` when nothing. */
  problem: string | null;
  /** Why it was decided, as its author said. */
  justification: string | null;
};

export type Choice = "accept" | "compensate" | "rerun";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function text(from: Json, name: string): string {
  const value = from[name];
  return typeof value === "string" ? value : "";
}

function list(from: Json, name: string): Json[] {
  const value = from[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function readFact(json: Json): Fact {
  const { payload } = json;
  return {
    id: text(json, "op_id"),
    type: text(json, "event_type"),
    payload: isObject(payload) ? payload : {},
    actor: text(json, "actor_id"),
    at: text(json, "at"),
  };
}

/** The decisions of an answer that have an id and something that they had not seen. */
export function readDecisions(answer: unknown): Decision[] {
  if (!isObject(answer)) return [];
  return list(answer, "conflicts").flatMap((json): Decision[] => {
    const decision = json;
    const id = text(decision, "decision_id");
    if (id === "") return [];
    return [
      {
        id,
        command: text(decision, "command_type"),
        actor: text(decision, "actor_id"),
        at: text(decision, "at"),
        mutual: decision.mutual === true,
        status: text(decision, "status") || "open",
        lost: decision.lost === true,
        own: list(decision, "own").map(readFact),
        unseen: list(decision, "unseen").map(readFact),
        problem: text(decision, "problem") || null,
        justification: text(decision, "justification") || null,
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
