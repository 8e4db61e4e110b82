/**
 * The items of a list as they are shown: each under a key of its own, which stays with it while others come and go.
 *
 * Yjs names no items. The keys follow from its deltas, so that an item that is being written keeps its place under the
 * hand when somebody adds another above it.
 */
import { isBlob, isEntity, type Value } from "../values/value";

export type Item = { key: number; value: Value };

/** One step of a change, as Yjs tells it: so many are kept, are gone, or these are new. */
export type Step = { retain?: number; delete?: number; insert?: unknown };

/** Gives keys that were never given before. */
export class Keys {
  private last = 0;

  next(): number {
    return ++this.last;
  }
}

export function itemsFrom(values: readonly unknown[], keys: Keys): Item[] {
  return values.map((value) => ({ key: keys.next(), value: value as Value }));
}

/** The items after a change. An item that is gone and comes again in the same change, since it was moved, keeps its key. */
export function changeItems(items: readonly Item[], steps: readonly Step[], keys: Keys): Item[] {
  const next: Item[] = [];
  const gone = goneIn(items, steps);
  let at = 0;
  for (const step of steps) {
    if (step.retain !== undefined) {
      next.push(...items.slice(at, at + step.retain));
      at += step.retain;
    } else if (step.delete !== undefined) at += step.delete;
    else if (Array.isArray(step.insert)) {
      for (const value of step.insert as Value[]) {
        const index = gone.findIndex((item) => JSON.stringify(item.value) === JSON.stringify(value));
        const [moved] = index < 0 ? [] : gone.splice(index, 1);
        next.push({ key: moved?.key ?? keys.next(), value });
      }
    }
  }
  return [...next, ...items.slice(at)];
}

function goneIn(items: readonly Item[], steps: readonly Step[]): Item[] {
  const gone: Item[] = [];
  let at = 0;
  for (const step of steps) {
    if (step.delete !== undefined) gone.push(...items.slice(at, at + step.delete));
    at += step.retain ?? step.delete ?? 0;
  }
  return gone;
}

/** Whether an item is written as text; others are shown, moved and removed. */
export function isWritten(value: Value): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** What was typed, as an item: a number stays one as long as it reads as one. */
export function readItem(text: string, before: Value): Value {
  const plain = text.trim();
  if (typeof before !== "number") return plain;
  const number = Number(plain);
  return plain !== "" && Number.isFinite(number) && String(number) === plain ? number : plain;
}

/** For those who listen. */
export function itemName(value: Value): string {
  if (isEntity(value)) return "the linked record";
  if (isBlob(value)) return value.name || "the file";
  return value === null || typeof value === "object" ? "the item" : `“${value}”`;
}

/** Where an item comes to stand when it is dropped on another: the place of that one. `null` where nothing moves. */
export function placeOf(
  items: readonly Item[],
  key: number,
  over: number,
): { from: number; to: number } | null {
  const from = items.findIndex((item) => item.key === key);
  const to = items.findIndex((item) => item.key === over);
  return from < 0 || to < 0 || from === to ? null : { from, to };
}
