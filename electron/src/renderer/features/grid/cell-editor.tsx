/** Editing in a cell: text that is read as the field's type, a choice among options, or a record to be picked. */
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { FieldView } from "../../shared/api/schema";
import { findByLabel } from "../records/labels";
import { RecordPicker } from "../records/record-picker";
import { editText, isEntity, parseValue, type Value } from "../values/value";

/** Where the selection goes once the edit is done. */
export type Leave = "stay" | "down" | "up" | "next" | "back";

export type EditorProps = {
  field: FieldView;
  value: Value | undefined;
  /** What was typed to begin with: it replaces the value. `null` to go on from the value. */
  typed: string | null;
  onCommit: (value: Value, leave: Leave) => void;
  onCancel: () => void;
};

export function CellEditor(props: EditorProps) {
  switch (props.field.type) {
    case "enum":
      return <OptionEditor {...props} />;
    case "entity":
      return <EntityEditor {...props} />;
    default:
      return <TextEditor {...props} />;
  }
}

function leaveOf(event: { key: string; shiftKey: boolean }): Leave | null {
  if (event.key === "Enter") return event.shiftKey ? "up" : "down";
  if (event.key === "Tab") return event.shiftKey ? "back" : "next";
  return null;
}

function TextEditor({ field, value, typed, onCommit, onCancel }: EditorProps) {
  const before = editText(value, field);
  const [text, setText] = useState(typed ?? before);
  const [fault, setFault] = useState<string | null>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const done = useRef(false);
  const faultId = useId();
  useLayoutEffect(() => {
    const element = input.current;
    if (!element) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const commit = (leave: Leave): void => {
    if (done.current) return;
    if (text === before) {
      done.current = true;
      onCancel();
      if (leave !== "stay") onCommit(value ?? null, leave);
      return;
    }
    const parsed = parseValue(text, field, findByLabel);
    if ("error" in parsed) {
      setFault(`Write ${parsed.error}`);
      return;
    }
    done.current = true;
    onCommit(parsed.value, leave);
  };

  return (
    <span className="editor" data-fault={fault !== null || undefined}>
      <textarea
        ref={input}
        className="editor-input"
        value={text}
        rows={1}
        spellCheck={field.type === "text"}
        aria-label={field.name}
        aria-invalid={fault !== null}
        aria-describedby={fault === null ? undefined : faultId}
        onChange={(event) => {
          setText(event.target.value);
          setFault(null);
        }}
        onBlur={() => {
          if (done.current) return;
          // What cannot be read is not kept silently: the editor closes, and the value stays as it was.
          const parsed = parseValue(text, field, findByLabel);
          if ("error" in parsed) {
            done.current = true;
            onCancel();
          } else commit("stay");
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          event.stopPropagation();
          const leave = leaveOf(event);
          if (event.key === "Escape") {
            done.current = true;
            onCancel();
          } else if (event.key === "Enter" && event.altKey && field.type === "text") {
            event.preventDefault();
            event.currentTarget.setRangeText(
              "\n",
              event.currentTarget.selectionStart,
              event.currentTarget.selectionEnd,
              "end",
            );
            setText(event.currentTarget.value);
          } else if (leave) {
            event.preventDefault();
            commit(leave);
          }
        }}
      />
      {fault && (
        <span className="editor-fault" id={faultId} role="alert">
          {fault}
        </span>
      )}
    </span>
  );
}

function OptionEditor({ field, value, typed, onCommit, onCancel }: EditorProps) {
  const [text, setText] = useState(typed ?? "");
  const options = useMemo(
    () => field.options.filter((option) => option.toLowerCase().includes(text.trim().toLowerCase())),
    [field.options, text],
  );
  const [chosen, setChosen] = useState(() => Math.max(0, field.options.indexOf(String(value ?? ""))));
  const list = useId();
  const done = useRef(false);
  const index = Math.min(chosen, Math.max(options.length - 1, 0));
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const commit = (next: Value, leave: Leave) => {
    if (done.current) return;
    done.current = true;
    onCommit(next, leave);
  };
  return (
    <span className="editor">
      <input
        ref={input}
        className="editor-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={options[index] === undefined ? undefined : `${list}-${index}`}
        aria-label={field.name}
        placeholder={String(value ?? "Choose…")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onBlur={() => {
          if (!done.current) onCancel();
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          const leave = leaveOf(event);
          if (event.key === "Escape") {
            done.current = true;
            onCancel();
          } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            const by = event.key === "ArrowDown" ? 1 : -1;
            setChosen((index + by + options.length) % Math.max(options.length, 1));
          } else if (event.key === "Delete" && text === "") {
            commit(null, "stay");
          } else if (leave) {
            event.preventDefault();
            const option = options[index];
            if (option !== undefined) commit(option, leave);
          }
        }}
      />
      <span className="editor-list popup" id={list} role="listbox" aria-label={`Options of ${field.name}`}>
        {options.map((option, at) => (
          <span
            key={option}
            id={`${list}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === index}
            className="menu-item"
            onPointerDown={(event) => {
              event.preventDefault();
              commit(option, "stay");
            }}
          >
            <span className="chip" data-hue={field.options.indexOf(option) % 8}>
              <i aria-hidden="true" />
              {option}
            </span>
          </span>
        ))}
        {options.length === 0 && <span className="menu-heading">No option is called “{text}”</span>}
        {value != null && text === "" && (
          <span
            role="option"
            aria-selected={false}
            tabIndex={-1}
            className="menu-item quiet"
            onPointerDown={(event) => {
              event.preventDefault();
              commit(null, "stay");
            }}
          >
            Clear
          </span>
        )}
      </span>
    </span>
  );
}

function EntityEditor({ field, value, typed, onCommit, onCancel }: EditorProps) {
  return (
    <span className="editor">
      <RecordPicker
        label={field.name}
        typed={typed ?? ""}
        near={isEntity(value) ? value.entity : null}
        remember={field.field_id}
        onPick={(entity, leave) => onCommit(entity === null ? null : { entity }, leave)}
        onCancel={onCancel}
      />
    </span>
  );
}
