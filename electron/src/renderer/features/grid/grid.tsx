/**
 * The grid: draws the lines in sight, and turns keys, the pointer and the clipboard into commands.
 *
 * The focus stays on the grid as a whole; `aria-activedescendant` names the cell that keys act on.
 */
import { Plus } from "lucide-react";
import {
  type ClipboardEvent as ReactClipboardEvent,
  type KeyboardEvent as ReactKeyboardEvent,
  type ReactNode,
  type PointerEvent as ReactPointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { FieldView, RecordView } from "../../shared/api/schema";
import { findByLabel } from "../records/labels";
import { sameValue, type Value } from "../values/value";
import type { Leave } from "./cell-editor";
import { CELLS_TYPE, copyBlock } from "./clipboard";
import { convert, fillCells, reach } from "./fill";
import { HEADER_HEIGHT, Header, type HeaderActs } from "./header";
import { groupLines, type Line } from "./items";
import { type Editing, Lines } from "./lines";
import { ROW_HEIGHT, type RowActs } from "./row";
import type { RowStore } from "./row-store";
import { at, clamp, move, type Range, rangeOf, type Selection, sizeOf, step } from "./selection";
import { SPARE, useSight } from "./sight";
import type { Selected } from "./summary";
import { readBlock } from "./tsv";
import { columnsOf, GUTTER, type View } from "./view";

export type GridActs = {
  write: (record: RecordView, fields: Record<string, Value>) => void;
  /** Writes many cells as one act. */
  writeAll: (writes: { record: RecordView; fields: Record<string, Value> }[], what: "fill" | "clear") => void;
  paste: (block: string[][], range: Range, targets: (RecordView | undefined)[], fields: FieldView[]) => void;
  add: () => void;
  remove: (records: RecordView[]) => void;
  open: (entity: string) => void;
  conflict: (conflict_id: string, anchor: Element) => void;
};

type Props = {
  name: string;
  fields: readonly FieldView[];
  view: View;
  store: RowStore;
  /** The past, or what this person may only look at. */
  readOnly: boolean;
  headerActs: Omit<HeaderActs, "select">;
  acts: GridActs;
  headerEnd: ReactNode;
  empty: ReactNode;
  opened: string | null;
  drafted: ReadonlyMap<string, ReadonlySet<string>>;
  /** A record to go to, once it is among the rows. */
  goTo: string | null;
  onWent: () => void;
  onSelected: (selected: Selected | null) => void;
};

export function Grid(props: Props) {
  const { store, view, fields, acts, drafted, readOnly } = props;
  const version = useSyncExternalStore(store.subscribe, store.snapshot);
  const viewport = useRef<HTMLDivElement>(null);
  const [sight, look] = useSight(viewport);
  const [selection, setSelection] = useState<Selection | null>(null);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [filling, setFilling] = useState<Range | null>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());

  const columns = useMemo(() => columnsOf(fields, view), [fields, view]);
  // Until the rows of the new order have come, those of the old one are shown as they are.
  const inOrder = view.group !== null && store.listing.sort?.startsWith(`${view.group}:`);
  const groupField = inOrder ? fields.find((field) => field.name === view.group) : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the store's version stands for its records
  const lines = useMemo<Line[] | null>(
    () => (groupField ? groupLines(store.records, groupField, closed) : null),
    [groupField, store, version, closed],
  );
  const count = lines ? lines.length : (store.total ?? 0);
  const extent = useMemo(() => ({ rows: count, columns: columns.length }), [count, columns.length]);
  const width = GUTTER + columns.reduce((sum, column) => sum + column.width, 0);
  const endWidth = 140;

  const recordAt = useCallback(
    (line: number): RecordView | undefined => {
      if (!lines) return store.row(line);
      const item = lines[line];
      return item?.kind === "record" ? store.row(item.row) : undefined;
    },
    [lines, store],
  );

  // What handlers need to know of the moment, without being made anew for each.
  const now = useRef({ selection, extent, columns, recordAt, editing, acts, lines, store, readOnly });
  now.current = { selection, extent, columns, recordAt, editing, acts, lines, store, readOnly };

  useEffect(() => {
    if (groupField) store.loadAll();
  }, [groupField, store]);

  useEffect(() => store.look(sight.first - SPARE, sight.last + SPARE), [store, sight]);

  const reveal = useCallback((line: number, column: number) => {
    const element = viewport.current;
    const place = now.current.columns[column];
    if (!element) return;
    const top = line * ROW_HEIGHT;
    const room = element.clientHeight - HEADER_HEIGHT - ROW_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top > element.scrollTop + room) element.scrollTop = top - room;
    if (!place || place.frozen) return;
    const frozen = now.current.columns.filter((one) => one.frozen);
    const left = GUTTER + frozen.reduce((sum, one) => sum + one.width, 0);
    if (place.left - element.scrollLeft < left) element.scrollLeft = place.left - left;
    else if (place.left + place.width > element.scrollLeft + element.clientWidth)
      element.scrollLeft = place.left + place.width - element.clientWidth;
  }, []);

  const select = useCallback(
    (next: Selection | null) => {
      if (!next) return;
      const before = now.current.selection;
      if (before && before.focus.row !== next.focus.row) now.current.store.hold(null);
      setSelection(next);
      reveal(next.focus.row, next.focus.column);
    },
    [reveal],
  );

  // Rows that come or go above take the focused cell with them.
  const focused = useRef<string | null>(null);
  useEffect(() => {
    const record = selection && now.current.recordAt(selection.focus.row);
    focused.current = record?.entity_id ?? null;
  }, [selection]);
  useEffect(() => {
    void version;
    const entity = focused.current;
    if (!entity || lines) return;
    const row = store.indexOf(entity);
    setSelection((before) => {
      if (!before || row === null || row === before.focus.row) return before;
      const by = row - before.focus.row;
      const anchor = { ...before.anchor, row: Math.max(0, before.anchor.row + by) };
      return { anchor, focus: { ...before.focus, row } };
    });
  }, [version, store, lines]);

  const { goTo, onWent } = props;
  useEffect(() => {
    void version;
    if (goTo === null) return;
    const row = store.indexOf(goTo);
    if (row === null) {
      if (store.total !== null && store.loaded < store.total) store.look(0, store.total);
      return;
    }
    const line = lines ? lines.findIndex((item) => item.kind === "record" && item.row === row) : row;
    if (line >= 0) {
      select(at(line, now.current.selection?.focus.column ?? 0));
      viewport.current?.focus();
    }
    onWent();
  }, [goTo, onWent, version, store, lines, select]);

  const { onSelected } = props;
  useEffect(() => {
    void version;
    if (!selection) return onSelected(null);
    const range = rangeOf(selection);
    const rows = range.bottom - range.top + 1;
    const values: Value[] = [];
    const field = range.left === range.right ? (columns[range.left]?.field ?? null) : null;
    if (field && rows > 1) {
      for (let line = range.top; line <= range.bottom; line++)
        values.push(recordAt(line)?.fields[field.name] ?? null);
    }
    onSelected({ cells: sizeOf(range), rows, values, field });
  }, [selection, version, columns, recordAt, onSelected]);

  const startEdit = useCallback((line: number, column: number, typed: string | null) => {
    const record = now.current.recordAt(line);
    const field = now.current.columns[column]?.field;
    if (!record || !field) return;
    if (field.mode === "reference" || now.current.readOnly) {
      if (typed === null) now.current.acts.open(record.entity_id);
      return;
    }
    if (field.type === "boolean") {
      if (typed === null)
        now.current.acts.write(record, { [field.name]: record.fields[field.name] !== true });
      return;
    }
    if (field.type === "crdt_text" || field.type === "crdt_list" || field.type === "blob") {
      return now.current.acts.open(record.entity_id);
    }
    now.current.store.hold(record.entity_id);
    setEditing({ line, column, typed });
  }, []);

  const endEdit = useCallback(
    (leave: Leave) => {
      setEditing(null);
      viewport.current?.focus({ preventScroll: true });
      const { selection: before, extent: inside } = now.current;
      if (!before || leave === "stay") return;
      if (leave === "down" || leave === "up") {
        const key = { key: leave === "down" ? "ArrowDown" : "ArrowUp", shift: false, ctrl: false };
        select(move(at(before.focus.row, before.focus.column), key, inside, 1));
      } else select(step(before, leave === "back", inside));
    },
    [select],
  );

  const commit = useCallback(
    (value: Value, leave: Leave) => {
      const edit = now.current.editing;
      const record = edit && now.current.recordAt(edit.line);
      const field = edit && now.current.columns[edit.column]?.field;
      if (record && field) now.current.acts.write(record, { [field.name]: value });
      endEdit(leave);
    },
    [endEdit],
  );

  const cancel = useCallback(() => endEdit("stay"), [endEdit]);

  const recordsIn = (range: Range): RecordView[] => {
    const records: RecordView[] = [];
    for (let line = range.top; line <= range.bottom; line++) {
      const record = recordAt(line);
      if (record) records.push(record);
    }
    return records;
  };

  const fieldsIn = (range: Range): FieldView[] =>
    columns.slice(range.left, range.right + 1).map(({ field }) => field);
  const writable = (field: FieldView) => field.mode !== "reference" && !field.type.startsWith("crdt_");

  const clear = (range: Range) => {
    if (readOnly) return;
    const chosen = fieldsIn(range).filter(writable);
    const writes = recordsIn(range).flatMap((record) => {
      const full = chosen.filter((field) => record.fields[field.name] != null);
      const cleared = Object.fromEntries(full.map((field): [string, Value] => [field.name, null]));
      return full.length > 0 ? [{ record, fields: cleared }] : [];
    });
    if (writes.length > 0) acts.writeAll(writes, "clear");
  };

  /** Repeats the cells of `from` over the rest of `reached`. */
  const fill = (from: Range, reached: Range) => {
    if (readOnly) return;
    const writes = new Map<string, { record: RecordView; fields: Record<string, Value> }>();
    for (const { to, of } of fillCells(from, reached)) {
      const [record, model] = [recordAt(to.row), recordAt(of.row)];
      const [field, source] = [columns[to.column]?.field, columns[of.column]?.field];
      if (!record || !model || !field || !source || !writable(field)) continue;
      const value = convert(model.fields[source.name], source, field, findByLabel);
      if (value === undefined || sameValue(record.fields[field.name], value)) continue;
      const write = writes.get(record.entity_id) ?? { record, fields: {} };
      write.fields[field.name] = value;
      writes.set(record.entity_id, write);
    }
    if (writes.size > 0) acts.writeAll([...writes.values()], "fill");
  };

  const onKeyDown = (event: ReactKeyboardEvent<HTMLDivElement>) => {
    if (event.target !== viewport.current) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const current = selection ?? clamp(at(0, 0), extent);
    if (!current) return;
    const { focus } = current;
    const line = lines?.[focus.row];
    if (line?.kind === "group" && (event.key === " " || event.key === "Enter")) {
      event.preventDefault();
      rowActs.fold(line.key);
      return;
    }
    const page = Math.max(1, sight.last - sight.first - 4);
    const key = { key: event.key, shift: event.shiftKey, ctrl };
    const moved = selection
      ? move(current, key, extent, page)
      : event.key.startsWith("Arrow")
        ? current
        : null;
    if (moved && !event.altKey) {
      event.preventDefault();
      select(moved);
      return;
    }
    const record = recordAt(focus.row);
    if (event.key === "Tab") {
      const next = step(current, event.shiftKey, extent);
      // At the ends, Tab leaves the grid.
      if (!next || (next.focus.row === focus.row && next.focus.column === focus.column)) return;
      event.preventDefault();
      select(next);
    } else if (event.key === "Enter" && event.altKey) {
      const name = columns[focus.column]?.field.name;
      const conflict = record?.conflicts.find((one) => one.field === name) ?? record?.conflicts[0];
      const anchor = document.getElementById(`cell-${focus.row}-${focus.column}`);
      if (conflict && anchor) acts.conflict(conflict.conflict_id, anchor);
    } else if ((event.key === "Enter" && !ctrl) || event.key === "F2") {
      event.preventDefault();
      if (event.shiftKey && event.key === "Enter") {
        if (!readOnly) acts.add();
      } else startEdit(focus.row, focus.column, null);
    } else if (event.key === " ") {
      event.preventDefault();
      if (record) acts.open(record.entity_id);
    } else if (event.key === "Escape") {
      // Once for the range, once more for the cell: without one, letters are shortcuts again.
      const single = selection?.anchor.row === focus.row && selection.anchor.column === focus.column;
      setSelection(single ? null : at(focus.row, focus.column));
    } else if ((event.key === "Delete" || event.key === "Backspace") && !ctrl) {
      event.preventDefault();
      clear(rangeOf(current));
    } else if (event.key === "Backspace" && ctrl) {
      event.preventDefault();
      if (!readOnly) acts.remove(recordsIn(rangeOf(current)));
    } else if (ctrl && event.key.toLowerCase() === "d") {
      event.preventDefault();
      const range = rangeOf(current);
      if (range.bottom > range.top) fill({ ...range, bottom: range.top }, range);
      else if (range.top > 0) {
        const above = range.top - 1;
        fill({ ...range, top: above, bottom: above }, { ...range, top: above });
      }
    } else if (ctrl && event.key.toLowerCase() === "a") {
      event.preventDefault();
      setSelection({
        anchor: { row: 0, column: 0 },
        focus: { row: extent.rows - 1, column: extent.columns - 1 },
      });
    } else if (selection !== null && event.key.length === 1 && !ctrl && !event.altKey) {
      event.preventDefault();
      startEdit(focus.row, focus.column, event.key);
    } else if (event.key === "Process" || event.key === "Dead") {
      // An input method begins: the editor must have the focus before it goes on.
      startEdit(focus.row, focus.column, "");
    }
  };

  const onCopy = (event: ReactClipboardEvent<HTMLDivElement>) => {
    if (event.target !== viewport.current || !selection) return;
    event.preventDefault();
    const range = rangeOf(selection);
    const { shown, exact } = copyBlock(recordsIn(range), fieldsIn(range));
    event.clipboardData.setData("text/plain", shown);
    event.clipboardData.setData(CELLS_TYPE, exact);
    if (event.type === "cut") clear(range);
  };

  const onPaste = (event: ReactClipboardEvent<HTMLDivElement>) => {
    if (event.target !== viewport.current) return;
    event.preventDefault();
    const text = event.clipboardData.getData(CELLS_TYPE) || event.clipboardData.getData("text/plain");
    const block = readBlock(text);
    if (block.length === 0 || lines || readOnly) return;
    const range = rangeOf(selection ?? at(0, 0));
    const height = Math.max(block.length, range.bottom - range.top + 1);
    const targets = Array.from({ length: height }, (_, index) => recordAt(range.top + index));
    acts.paste(
      block,
      range,
      targets,
      columns.slice(range.left).map(({ field }) => field),
    );
  };

  const placeOf = (target: EventTarget | null) => {
    const cell = target instanceof Element ? target.closest<HTMLElement>("[data-line]") : null;
    if (!cell) return null;
    return { row: Number(cell.dataset.line), column: Number(cell.dataset.column) };
  };

  const onPointerDown = (event: ReactPointerEvent<HTMLDivElement>) => {
    const target = event.target;
    if (event.button !== 0 || !(target instanceof Element)) return;
    if (target.closest(".editor, .header, .notch, .row-open")) return;
    const place = placeOf(target);
    if (!place) return;
    event.preventDefault();
    viewport.current?.focus({ preventScroll: true });
    const isFill = target instanceof HTMLElement && target.dataset.fill === "true";
    const start = selection && (event.shiftKey || isFill) ? selection.anchor : place;
    const from = selection && isFill ? rangeOf(selection) : null;
    let reached = from;
    if (!isFill) select({ anchor: start, focus: place });
    const onMove = (moved: PointerEvent) => {
      const over = placeOf(document.elementFromPoint(moved.clientX, moved.clientY));
      if (!over) return;
      if (from) {
        reached = reach(from, over);
        setFilling(reached);
      } else select({ anchor: start, focus: over });
    };
    const onUp = () => {
      removeEventListener("pointermove", onMove);
      setFilling(null);
      if (!from || !reached || sizeOf(reached) === sizeOf(from)) return;
      fill(from, reached);
      select({
        anchor: { row: reached.top, column: reached.left },
        focus: { row: reached.bottom, column: reached.right },
      });
    };
    addEventListener("pointermove", onMove);
    addEventListener("pointerup", onUp, { once: true });
  };

  const rowActs = useMemo<RowActs>(
    () => ({
      open: (line) => {
        const record = now.current.recordAt(line);
        if (record) now.current.acts.open(record.entity_id);
      },
      toggle: (record, field) =>
        !now.current.readOnly &&
        now.current.acts.write(record, { [field.name]: record.fields[field.name] !== true }),
      conflict: (id, anchor) => now.current.acts.conflict(id, anchor),
      fold: (key) =>
        setClosed((before) => {
          const next = new Set(before);
          if (!next.delete(key)) next.add(key);
          return next;
        }),
    }),
    [],
  );

  const range = filling ?? (selection && rangeOf(selection));
  const headerActs = useMemo<HeaderActs>(
    () => ({
      ...props.headerActs,
      select: (index) => {
        const bottom = now.current.extent.rows - 1;
        if (bottom < 0) return;
        setSelection({ anchor: { row: bottom, column: index }, focus: { row: 0, column: index } });
        viewport.current?.focus({ preventScroll: true });
      },
    }),
    [props.headerActs],
  );

  return (
    <div
      ref={viewport}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={props.name}
      aria-rowcount={count + 2}
      aria-colcount={columns.length + 2}
      aria-multiselectable="true"
      aria-readonly={readOnly || undefined}
      aria-activedescendant={selection ? `cell-${selection.focus.row}-${selection.focus.column}` : undefined}
      onScroll={look}
      onKeyDown={onKeyDown}
      onCopy={onCopy}
      onCut={onCopy}
      onPaste={onPaste}
      onPointerDown={onPointerDown}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) store.hold(null);
      }}
      onDoubleClick={(event) => {
        const place = placeOf(event.target);
        if (place && !(event.target as Element).closest(".editor, .cell-toggle, .notch")) {
          startEdit(place.row, place.column, null);
        }
      }}
    >
      <Header
        columns={columns}
        width={width + endWidth}
        sort={view.sort}
        group={view.group}
        frozen={view.frozen}
        readOnly={readOnly}
        acts={headerActs}
        end={props.headerEnd}
      />
      <div role="rowgroup" className="lines" style={{ height: count * ROW_HEIGHT, width: width + endWidth }}>
        <Lines
          sight={sight}
          count={count}
          lines={lines}
          groupField={groupField}
          recordAt={recordAt}
          columns={columns}
          width={width}
          range={range}
          selection={selection}
          editing={editing}
          drafted={drafted}
          readOnly={readOnly}
          opened={props.opened}
          acts={rowActs}
          onCommit={commit}
          onCancel={cancel}
        />
      </div>
      {count === 0 && store.total !== null ? (
        props.empty
      ) : store.total !== null && !lines && !readOnly ? (
        <div role="row" aria-rowindex={count + 2} className="add-line" style={{ width }}>
          <div role="gridcell" aria-colindex={1}>
            <button type="button" className="add-row" tabIndex={-1} onClick={acts.add}>
              <Plus size={14} aria-hidden="true" /> New record
            </button>
          </div>
        </div>
      ) : null}
    </div>
  );
}
