/** What is selected, and what it adds up to: told to the line below the grid, and to nothing else. */
import type { FieldView } from "../../shared/api/schema";
import { isEntity, type Value } from "../values/value";

/** `values` and `field` are those of a selection of one column. */
export type Selected = { cells: number; rows: number; values: Value[]; field: FieldView | null };

/** Holds what is selected for those who show it, so that the grid does not make its whole screen be drawn again. */
export class SelectedNews {
  private shown: Selected | null = null;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Selected | null => this.shown;

  /** Tells what is selected; a single cell is not worth a word. */
  readonly tell = (selected: Selected | null): void => {
    const next = selected && selected.cells > 1 ? selected : null;
    if (next === null && this.shown === null) return;
    this.shown = next;
    for (const listener of this.listeners) listener();
  };
}

/** What a selection of one column adds up to; `null` where there are no numbers. */
export function summary(selected: Selected): string | null {
  if (!selected.field || selected.rows < 2) return null;
  const full = selected.values.filter((value) => value !== null);
  const numbers = full.filter((value): value is number => typeof value === "number");
  if (numbers.length > 0) {
    const sum = numbers.reduce((all, one) => all + one, 0);
    const format = (number: number) => number.toLocaleString("en", { maximumFractionDigits: 2 });
    return `Sum ${format(sum)} · Average ${format(sum / numbers.length)}`;
  }
  const different = new Set(full.map((value) => (isEntity(value) ? value.entity : String(value)))).size;
  return `${full.length} filled · ${different} different`;
}
