/** Which cells are selected, and how the keyboard moves that. Rows and columns are counted from 0 as they are shown. */

export type Place = { row: number; column: number };

/** `focus` is the cell that keys act on; the range spans from `anchor` to `focus`. */
export type Selection = { anchor: Place; focus: Place };

export type Extent = { rows: number; columns: number };
export type Range = { top: number; bottom: number; left: number; right: number };

export function at(row: number, column: number): Selection {
  return { anchor: { row, column }, focus: { row, column } };
}

export function rangeOf({ anchor, focus }: Selection): Range {
  return {
    top: Math.min(anchor.row, focus.row),
    bottom: Math.max(anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    right: Math.max(anchor.column, focus.column),
  };
}

export function sizeOf(range: Range): number {
  return (range.bottom - range.top + 1) * (range.right - range.left + 1);
}

/** Keeps a selection inside; `null` where there is no cell at all. */
export function clamp(selection: Selection, extent: Extent): Selection | null {
  if (extent.rows === 0 || extent.columns === 0) return null;
  const inside = (place: Place): Place => ({
    row: Math.min(Math.max(place.row, 0), extent.rows - 1),
    column: Math.min(Math.max(place.column, 0), extent.columns - 1),
  });
  return { anchor: inside(selection.anchor), focus: inside(selection.focus) };
}

export type Key = { key: string; shift: boolean; ctrl: boolean };

/** Where a key leads; `null` when it is none that moves. `page` is how many rows are in sight. */
export function move(
  selection: Selection,
  { key, shift, ctrl }: Key,
  extent: Extent,
  page: number,
): Selection | null {
  const { row, column } = selection.focus;
  const to = (next: Place): Selection | null =>
    clamp(shift ? { anchor: selection.anchor, focus: next } : { anchor: next, focus: next }, extent);
  switch (key) {
    case "ArrowUp":
      return to({ row: ctrl ? 0 : row - 1, column });
    case "ArrowDown":
      return to({ row: ctrl ? extent.rows - 1 : row + 1, column });
    case "ArrowLeft":
      return to({ row, column: ctrl ? 0 : column - 1 });
    case "ArrowRight":
      return to({ row, column: ctrl ? extent.columns - 1 : column + 1 });
    case "PageUp":
      return to({ row: row - page, column });
    case "PageDown":
      return to({ row: row + page, column });
    case "Home":
      return to({ row: ctrl ? 0 : row, column: 0 });
    case "End":
      return to({ row: ctrl ? extent.rows - 1 : row, column: extent.columns - 1 });
    default:
      return null;
  }
}

/** The next cell in reading order, or the one before: what Tab does. Stays at the ends. */
export function step(selection: Selection, back: boolean, extent: Extent): Selection | null {
  if (extent.rows === 0 || extent.columns === 0) return null;
  const { row, column } = selection.focus;
  const index = row * extent.columns + column + (back ? -1 : 1);
  const kept = Math.min(Math.max(index, 0), extent.rows * extent.columns - 1);
  return at(Math.floor(kept / extent.columns), kept % extent.columns);
}
