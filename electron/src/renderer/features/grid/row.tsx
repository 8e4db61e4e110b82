/** One line of the grid: a record, a group's heading, or a place whose record has not come yet. */
import { ChevronDown, ChevronRight, CornerDownRight } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { FieldView, RecordView } from "../../shared/api/schema";
import { isNumeric, ValueView } from "../values/value-view";
import type { GroupLine } from "./items";
import { type Column, GUTTER } from "./view";

export const ROW_HEIGHT = 32;

/** Which part of a line is selected, as columns; told as a whole so that other lines are not drawn again. */
export type LineSelection = {
  left: number;
  right: number;
  focus: number | null;
  top: boolean;
  bottom: boolean;
};

export type RowActs = {
  open: (line: number) => void;
  toggle: (record: RecordView, field: FieldView) => void;
  conflict: (conflict_id: string, anchor: Element) => void;
  fold: (key: string) => void;
};

type RecordRowProps = {
  line: number;
  number: number;
  record: RecordView | undefined;
  columns: readonly Column[];
  width: number;
  selection: LineSelection | null;
  drafted: ReadonlySet<string> | undefined;
  readOnly: boolean;
  editor: ReactNode;
  editing: number | null;
  acts: RowActs;
  opened: boolean;
};

export const RecordRow = memo(function RecordRow(props: RecordRowProps) {
  const { line, record, columns, selection, acts } = props;
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={line + 2}
      data-opened={props.opened || undefined}
      data-selected={selection !== null || undefined}
      data-focus={selection?.focus != null || undefined}
      style={{ transform: `translateY(${line * ROW_HEIGHT}px)`, width: props.width }}
    >
      <div role="rowheader" className="gutter" style={{ width: GUTTER }}>
        <span className="row-number">{props.number}</span>
        {record && (
          <button
            type="button"
            className="icon-button row-open"
            tabIndex={-1}
            aria-label={`Open record ${props.number}`}
            onClick={() => acts.open(line)}
          />
        )}
      </div>
      {columns.map((column, index) => (
        <Cell
          key={column.field.field_id}
          line={line}
          index={index}
          column={column}
          record={record}
          selected={selection !== null && index >= selection.left && index <= selection.right}
          focused={selection?.focus === index}
          edge={edgeOf(selection, index)}
          drafted={props.drafted?.has(column.field.name) ?? false}
          readOnly={props.readOnly}
          editor={props.editing === index ? props.editor : null}
          acts={acts}
        />
      ))}
    </div>
  );
});

/** Which borders of the selection a cell bears: t, r, b, l. */
function edgeOf(selection: LineSelection | null, index: number): string {
  if (!selection || index < selection.left || index > selection.right) return "";
  return [
    selection.top ? "t" : "",
    index === selection.right ? "r" : "",
    selection.bottom ? "b" : "",
    index === selection.left ? "l" : "",
  ].join("");
}

type CellProps = {
  line: number;
  index: number;
  column: Column;
  record: RecordView | undefined;
  selected: boolean;
  focused: boolean;
  edge: string;
  drafted: boolean;
  readOnly: boolean;
  editor: ReactNode;
  acts: RowActs;
};

function Cell(props: CellProps) {
  const { line, index, column, record, selected, focused, edge, drafted, readOnly, editor, acts } = props;
  const { field } = column;
  const conflict = record?.conflicts.find((one) => one.field === field.name);
  const broken = record?.broken.find((one) => one.field === field.name);
  const follows = field.mode === "reference";
  return (
    <div
      role="gridcell"
      id={`cell-${line}-${index}`}
      className="cell"
      aria-colindex={index + 2}
      aria-selected={selected}
      aria-readonly={follows || undefined}
      data-line={line}
      data-column={index}
      data-edge={edge || undefined}
      data-focus={focused || undefined}
      data-frozen={column.frozen || undefined}
      data-numeric={isNumeric(field.type) || undefined}
      data-follows={follows || undefined}
      data-draft={drafted || undefined}
      data-conflict={conflict ? true : undefined}
      style={column.frozen ? { width: column.width, left: column.left } : { width: column.width }}
    >
      {editor ?? (
        <>
          {record === undefined ? (
            <span className="ghost" aria-hidden="true" />
          ) : field.type === "boolean" && !follows ? (
            // biome-ignore lint/a11y/noStaticElementInteractions: the keys go to the grid, where Enter does the same
            <span
              className="cell-toggle"
              role="presentation"
              onClick={(event) => event.detail === 1 && acts.toggle(record, field)}
            >
              <ValueView value={record.fields[field.name] ?? false} field={field} />
            </span>
          ) : (
            <span className="cell-text">
              {follows && !broken && (
                <CornerDownRight size={11} className="follows" aria-label="Follows another record" />
              )}
              <ValueView
                value={record.fields[field.name]}
                field={field}
                {...(broken ? { broken: broken.reason } : {})}
              />
            </span>
          )}
          {conflict && (
            <button
              type="button"
              tabIndex={-1}
              className="notch"
              aria-label={`Conflict in ${field.name}`}
              title="Changed in two places. Click to decide, or press Alt+Enter."
              onClick={(event) => acts.conflict(conflict.conflict_id, event.currentTarget)}
            />
          )}
          {edge.includes("b") &&
            edge.includes("r") &&
            !follows &&
            !readOnly &&
            !field.type.startsWith("crdt_") && (
              <span className="fill-handle" data-fill="true" aria-hidden="true" />
            )}
        </>
      )}
    </div>
  );
}

export const GroupRow = memo(function GroupRow(props: {
  line: number;
  group: GroupLine;
  field: FieldView;
  width: number;
  span: number;
  focused: boolean;
  acts: RowActs;
}) {
  const { group, field, line } = props;
  return (
    <div
      role="row"
      className="row group-row"
      data-selected={props.focused || undefined}
      aria-rowindex={line + 2}
      style={{ transform: `translateY(${line * ROW_HEIGHT}px)`, width: props.width }}
    >
      <div
        role="gridcell"
        id={`cell-${line}-0`}
        aria-colspan={props.span + 1}
        className="group-cell"
        data-focus={props.focused || undefined}
        data-line={line}
        data-column={0}
      >
        <button
          type="button"
          tabIndex={-1}
          className="icon-button"
          aria-label={group.open ? "Close group" : "Open group"}
          aria-expanded={group.open}
          onClick={() => props.acts.fold(group.key)}
        >
          {group.open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
        </button>
        <span className="group-field">{field.name}</span>
        <span className="group-value">
          {group.value === null ? (
            <span className="quiet">Empty</span>
          ) : (
            <ValueView value={group.value} field={field} />
          )}
        </span>
        <span className="count">{group.count}</span>
      </div>
    </div>
  );
});
