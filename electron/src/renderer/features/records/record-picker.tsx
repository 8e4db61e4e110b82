/** Picks a record by its name: type, choose. The table is the one that the field pointed to last, or chosen here. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { get } from "../../shared/api/client";
import { useTables } from "../../shared/api/queries";
import { useKept } from "../../shared/kept";
import type { Leave } from "../grid/cell-editor";
import { labelOf, useLabel } from "./labels";

const SHOWN_MAX = 12;

type Props = {
  label: string;
  typed: string;
  /** A record of the table to look in, if one is known. */
  near: string | null;
  /** Under which name to remember the table. */
  remember: string;
  /** Closes only when the focus leaves the nearest element that matches this. */
  keepOpen?: string;
  onPick: (entity: string | null, leave: Leave) => void;
  onCancel: () => void;
};

export function RecordPicker({ label, typed, near, remember, keepOpen, onPick, onCancel }: Props) {
  const tables = useTables().data?.tables ?? [];
  const [kept, keepTable] = useKept<string | null>(`openprod.picker.${remember}`, null);
  const nearLabel = useKnownTable(near);
  const wanted = nearLabel ?? kept;
  const table = tables.find((one) => one.table_id === wanted) ?? tables[0];
  const [text, setText] = useState(typed);
  const [index, setIndex] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const list = useId();
  useEffect(() => input.current?.focus(), []);

  const found = useQuery({
    queryKey: ["picker", table?.table_id, text],
    enabled: table !== undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      get(
        "/records/list",
        { table: table?.table_id ?? "", limit: SHOWN_MAX, ...(text.trim() ? { q: text.trim() } : {}) },
        { signal },
      ),
  });
  const records = found.data?.records ?? [];
  const pick = (entity: string | null, leave: Leave) => {
    if (done.current) return;
    done.current = true;
    if (table) keepTable(table.table_id);
    onPick(entity, leave);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: closes when the focus leaves all of it
    <span
      className="picker"
      onBlur={(event) => {
        const whole = (keepOpen && event.currentTarget.closest(keepOpen)) || event.currentTarget;
        if (!done.current && !whole.contains(event.relatedTarget)) onCancel();
      }}
    >
      <input
        ref={input}
        className="editor-input"
        role="combobox"
        aria-label={label}
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={records[index] ? `${list}-${index}` : undefined}
        placeholder={table ? `Find in ${table.name}…` : "Find…"}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setIndex(0);
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") {
            done.current = true;
            onCancel();
          } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            const by = event.key === "ArrowDown" ? 1 : -1;
            setIndex((index + by + records.length) % Math.max(records.length, 1));
          } else if (event.key === "Enter" || event.key === "Tab") {
            event.preventDefault();
            const record = records[index];
            const leave: Leave = event.key === "Enter" ? "down" : event.shiftKey ? "back" : "next";
            if (record) pick(record.entity_id, leave);
          }
        }}
      />
      <span className="editor-list popup">
        <label className="picker-table">
          <span className="quiet">In</span>
          <select
            aria-label="Table to look in"
            value={table?.table_id ?? ""}
            onChange={(event) => {
              keepTable(event.target.value);
              setIndex(0);
              input.current?.focus();
            }}
            onKeyDown={(event) => event.stopPropagation()}
            disabled={nearLabel !== null}
          >
            {tables.map((one) => (
              <option key={one.table_id} value={one.table_id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <span id={list} role="listbox" aria-label="Records">
          {records.map((record, at) => (
            <span
              key={record.entity_id}
              id={`${list}-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === index}
              className="menu-item"
              onPointerDown={(event) => {
                event.preventDefault();
                pick(record.entity_id, "stay");
              }}
            >
              {labelOf(record, table?.fields ?? [])}
            </span>
          ))}
        </span>
        {found.data && records.length === 0 && <span className="menu-heading">Nothing found</span>}
        {near !== null && text === "" && (
          <button
            type="button"
            className="menu-item quiet"
            tabIndex={-1}
            onPointerDown={(event) => {
              event.preventDefault();
              pick(null, "stay");
            }}
          >
            Clear
          </button>
        )}
      </span>
    </span>
  );
}

function useKnownTable(entity: string | null): string | null {
  const label = useLabel(entity ?? "");
  return entity === null ? null : (label?.table ?? null);
}
