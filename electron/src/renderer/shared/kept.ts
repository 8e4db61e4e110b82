/** Small things that this browser keeps: the theme, how a table is looked at, when we were last here. */
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Map<string, Set<() => void>>();
const cache = new Map<string, { text: string | null; value: unknown }>();

/** Reads what is kept; `fallback` where nothing is, or where it cannot be read. */
export function readKept<T>(key: string, fallback: T): T {
  const text = localStorage.getItem(key);
  const known = cache.get(key);
  if (known && known.text === text) return known.value as T;
  let value: T = fallback;
  if (text !== null) {
    try {
      value = JSON.parse(text) as T;
    } catch {
      value = fallback;
    }
  }
  cache.set(key, { text, value });
  return value;
}

export function keep<T>(key: string, value: T): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or switched off: it is kept until the page is closed.
    cache.set(key, { text: localStorage.getItem(key), value });
  }
  for (const listener of listeners.get(key) ?? []) listener();
}

export function useKept<T>(key: string, fallback: T): [T, (value: T) => void] {
  const subscribe = useCallback(
    (listener: () => void) => {
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(listener));
      return () => set.delete(listener);
    },
    [key],
  );
  const value = useSyncExternalStore(subscribe, () => readKept(key, fallback));
  return [value, useCallback((next: T) => keep(key, next), [key])];
}
