/**
 * The lines of the grid that are in sight.
 *
 * A line that scrolls out lends its elements to one that scrolls in: each stands in a slot, which is written over
 * instead of being made anew. The line that is being edited keeps its slot, and stays while it is out of sight.
 */
import { type ReactNode, useRef } from "react";
import type { FieldView, RecordView } from "../../shared/api/schema";
import type { Value } from "../values/value";
import { CellEditor, type Leave } from "./cell-editor";
import type { Line } from "./items";
import { GroupRow, type LineSelection, RecordRow, type RowActs } from "./row";
import type { Range, Selection } from "./selection";
import { type Sight, SPARE } from "./sight";
import type { Column } from "./view";

/** `typed`: what was typed to begin with; `null` to go on from the value. */
export type Editing = { line: number; column: number; typed: string | null };

type Props = {
  sight: Sight;
  count: number;
  /** Records and headings of groups; `null` where every line is a record. */
  lines: readonly Line[] | null;
  groupField: FieldView | undefined;
  recordAt: (line: number) => RecordView | undefined;
  columns: readonly Column[];
  width: number;
  range: Range | null;
  selection: Selection | null;
  editing: Editing | null;
  drafted: ReadonlyMap<string, ReadonlySet<string>>;
  readOnly: boolean;
  opened: string | null;
  acts: RowActs;
  onCommit: (value: Value, leave: Leave) => void;
  onCancel: () => void;
};

export function Lines(props: Props) {
  const { sight, count, lines, groupField, columns, width, selection, editing, acts } = props;
  const steady = useSteady();
  const first = Math.max(0, sight.first - SPARE);
  const last = Math.min(count - 1, sight.last + SPARE);
  const drawn: ReactNode[] = [];
  const draw = (line: number) => {
    const item = lines?.[line];
    const taken = editing !== null && editing.line !== line && (editing.line - line) % sight.slots === 0;
    const slot = `${taken ? "spare" : "slot"} ${line % sight.slots}`;
    if (item?.kind === "group" && groupField) {
      drawn.push(
        <GroupRow
          key={`group ${slot}`}
          line={line}
          group={item}
          field={groupField}
          width={width}
          span={columns.length}
          focused={selection?.focus.row === line}
          acts={acts}
        />,
      );
      return;
    }
    const record = props.recordAt(line);
    const edited = editing?.line === line ? editing : null;
    const field = edited ? columns[edited.column]?.field : undefined;
    drawn.push(
      <RecordRow
        key={slot}
        line={line}
        number={item?.kind === "record" ? item.row + 1 : line + 1}
        record={record}
        columns={columns}
        width={width}
        selection={steady(line, selectionIn(line, props.range, selection))}
        drafted={record && props.drafted.get(record.entity_id)}
        readOnly={props.readOnly}
        editing={edited?.column ?? null}
        editor={
          field && record && edited ? (
            <CellEditor
              field={field}
              value={record.fields[field.name]}
              typed={edited.typed}
              onCommit={props.onCommit}
              onCancel={props.onCancel}
            />
          ) : null
        }
        acts={acts}
        opened={record !== undefined && record.entity_id === props.opened}
      />,
    );
  };
  for (let line = first; line <= last; line++) draw(line);
  if (editing && (editing.line < first || editing.line > last)) draw(editing.line);
  return drawn;
}

/** The part of a line that is selected. */
function selectionIn(line: number, range: Range | null, selection: Selection | null): LineSelection | null {
  if (!range || line < range.top || line > range.bottom) return null;
  return {
    left: range.left,
    right: range.right,
    focus: selection?.focus.row === line ? selection.focus.column : null,
    top: line === range.top,
    bottom: line === range.bottom,
  };
}

/** Gives the same object as long as it says the same, so that the line is not drawn again. */
function useSteady(): (line: number, next: LineSelection | null) => LineSelection | null {
  const shown = useRef(new Map<number, LineSelection>());
  return (line, next) => {
    const before = shown.current.get(line);
    if (next === null) {
      if (before) shown.current.delete(line);
      return null;
    }
    if (before && sameSelection(before, next)) return before;
    shown.current.set(line, next);
    return next;
  };
}

function sameSelection(a: LineSelection, b: LineSelection): boolean {
  return (
    a.left === b.left &&
    a.right === b.right &&
    a.focus === b.focus &&
    a.top === b.top &&
    a.bottom === b.bottom
  );
}
