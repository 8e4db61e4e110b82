/** Small things that this browser keeps: the theme, how a table is looked at, when we were last here. */
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Map<string, Set<() => void>>();
/** What was read: asked for at every drawing, while the storage of the browser is slow. */
const cache = new Map<string, unknown>();

/** Reads what is kept; `fallback` where nothing is, or where it cannot be read. */
export function readKept<T>(key: string, fallback: T): T {
  if (cache.has(key)) return cache.get(key) as T;
  const text = localStorage.getItem(key);
  let value: T = fallback;
  if (text !== null) {
    try {
      value = JSON.parse(text) as T;
    } catch {
      value = fallback;
    }
  }
  cache.set(key, value);
  return value;
}

/** Takes up what another window of this browser kept. */
export function followOtherWindows(): void {
  addEventListener("storage", ({ key }) => {
    if (key === null) cache.clear();
    else cache.delete(key);
    for (const [known, set] of listeners) {
      if (key === null || key === known) for (const listener of set) listener();
    }
  });
}

export function keep<T>(key: string, value: T): void {
  cache.set(key, value);
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or switched off: it is kept until the page is closed.
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
