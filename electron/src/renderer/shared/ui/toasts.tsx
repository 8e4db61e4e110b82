/** Short messages at the edge: what failed and what to do next, or what was done and how to take it back. */
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { tell } from "../api/problem";

type Toast = {
  id: number;
  kind: "problem" | "done";
  title: string;
  next: string | null;
  act: { label: string; run: () => void } | null;
};

const DONE_MS = 5_000;
const PROBLEM_MS = 14_000;
const SHOWN_MAX = 4;

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function show(toast: Omit<Toast, "id">, ms: number): void {
  const id = nextId++;
  const same = toasts.filter((shown) => shown.title !== toast.title || shown.next !== toast.next);
  set([...same, { ...toast, id }].slice(-SHOWN_MAX));
  setTimeout(() => dismiss(id), ms);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export function toastProblem(error: unknown, retry?: () => void): void {
  const { title, next } = tell(error);
  show({ kind: "problem", title, next, act: retry ? { label: "Try again", run: retry } : null }, PROBLEM_MS);
}

export function toastDone(title: string, act: Toast["act"] = null): void {
  show({ kind: "done", title, next: null, act }, DONE_MS);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className="toast" data-kind={toast.kind}>
          <div className="toast-text">
            <strong>{toast.title}</strong>
            {toast.next && <p>{toast.next}</p>}
          </div>
          {toast.act && (
            <button
              type="button"
              className="button"
              onClick={() => {
                dismiss(toast.id);
                toast.act?.run();
              }}
            >
              {toast.act.label}
            </button>
          )}
          <button
            type="button"
            className="icon-button"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
          >
            <X size={14} />
          </button>
        </div>
      ))}
    </section>
  );
}
