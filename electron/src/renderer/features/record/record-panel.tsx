/** A record over the right third; the grid stays alive behind it. */
import { ChevronDown, ChevronUp, History, Trash2, TriangleAlert, X } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useCan, useRecord } from "../../shared/api/queries";
import type { FieldView, OneRecord, ReferenceView, TableView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { ConflictPopover } from "../conflicts/conflict-popover";
import { CellEditor } from "../grid/cell-editor";
import { FieldIcon } from "../grid/header";
import { act, deleteRecord, restoreRecord, updateRecord } from "../records/commands";
import { labelOf } from "../records/labels";
import type { Value } from "../values/value";
import { ValueView } from "../values/value-view";
import { Edges } from "./edges";
import { FieldHistory } from "./field-history";

// CodeMirror and Yjs are half of the page: they come once the rest stands, so that they are here when a text is opened,
// also when the engine is not.
const texts = {
  text: () => import("../text/text-editor").then(({ TextEditor }) => ({ default: TextEditor })),
  list: () => import("../list/list-editor").then(({ ListEditor }) => ({ default: ListEditor })),
};
const TextEditor = lazy(texts.text);
const ListEditor = lazy(texts.list);
const AHEAD_MS = 3_000;
setTimeout(() => {
  for (const load of Object.values(texts)) load().catch(() => {});
}, AHEAD_MS);

/** With `at`, the record as it was right after that bundle: to be read, not to be changed. */
export function RecordPanel(props: { table: TableView; entity: string; at: string | null }) {
  const { table, entity, at } = props;
  const record = useRecord(entity, table.table_id, at);
  const panel = useRef<HTMLElement>(null);
  const close = () => {
    go({ screen: "table", table: table.table_id, record: null, at });
    document.querySelector<HTMLElement>(".grid")?.focus({ preventScroll: true });
  };
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  return (
    <aside
      ref={panel}
      className="record-panel"
      aria-label="Record"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) close();
      }}
    >
      <header className="panel-head">
        <span className="quiet">{table.name}</span>
        <span className="space" />
        <button
          type="button"
          className="icon-button"
          aria-label="Close record"
          title="Close (Esc)"
          onClick={close}
        >
          <X size={16} />
        </button>
      </header>
      {record.isPending ? (
        <Loading what="the record" />
      ) : record.isError ? (
        <Failed error={record.error} retry={() => void record.refetch()} />
      ) : (
        <RecordBody key={entity} table={table} record={record.data} past={at !== null} onGone={close} />
      )}
    </aside>
  );
}

type Body = { table: TableView; record: OneRecord; past: boolean; onGone: () => void };

function RecordBody({ table, record, past, onGone }: Body) {
  const canTellHistory = useCan("/records/{id}/history") && !past;
  const [told, setTold] = useState<string | null>(null);
  const remove = async () => {
    try {
      await deleteRecord(record.entity_id, act("delete"));
      toastDone(`Deleted “${labelOf(record, table.fields)}”`, {
        label: "Undelete",
        run: () => void restoreRecord(record.entity_id).catch(toastProblem),
      });
      onGone();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <div className="panel-body">
      <div className="panel-title">
        <h2>{labelOf(record, table.fields)}</h2>
        {!record.deleted && !past && (
          <button
            type="button"
            className="icon-button"
            aria-label="Delete record"
            title="Delete record"
            onClick={() => void remove()}
          >
            <Trash2 size={15} />
          </button>
        )}
      </div>
      {record.deleted && (
        <div className="note" role="status">
          <strong>{past ? "This record was deleted then." : "This record is deleted."}</strong>
          {!past && (
            <button
              type="button"
              className="button"
              onClick={() => void restoreRecord(record.entity_id).catch(toastProblem)}
            >
              Undelete
            </button>
          )}
        </div>
      )}
      <dl className="panel-fields">
        {table.fields.map((field) => (
          <div key={field.field_id} className="panel-field">
            <dt>
              <FieldIcon field={field} />
              <span>{field.name}</span>
              {canTellHistory && (
                <button
                  type="button"
                  className="icon-button panel-history"
                  aria-expanded={told === field.name}
                  aria-label={`History of ${field.name}`}
                  title="Who wrote this, and when"
                  onClick={() => setTold(told === field.name ? null : field.name)}
                >
                  {told === field.name ? <ChevronUp size={13} /> : <History size={13} />}
                </button>
              )}
            </dt>
            <dd>
              <FieldEntry table={table} record={record} field={field} past={past} />
              {told === field.name && (
                <FieldHistory entity={record.entity_id} table={table.table_id} field={field} />
              )}
            </dd>
          </div>
        ))}
      </dl>
      {!past && <Edges entity={record.entity_id} />}
    </div>
  );
}

type Entry = { table: TableView; record: OneRecord; field: FieldView; past: boolean };

function FieldEntry({ table, record, field, past }: Entry) {
  const [editing, setEditing] = useState(false);
  const [echo, setEcho] = useState<{ value: Value } | null>(null);
  const [anchor, setAnchor] = useState<Element | null>(null);
  const conflict = record.conflicts.find((one) => one.field === field.name);
  const broken = record.broken.find((one) => one.field === field.name);
  const written = record.fields[field.name];
  useEffect(() => {
    void written;
    setEcho(null);
  }, [written]);
  if (field.type.startsWith("crdt_") && field.mode !== "reference" && !past && !record.deleted) {
    const isList = field.type === "crdt_list";
    const Editor = isList ? ListEditor : TextEditor;
    return (
      <Suspense
        fallback={
          <div className={isList ? "list-editor" : "text-editor"}>
            <Loading what={isList ? "the list" : "the text"} />
          </div>
        }
      >
        <Editor entity={record.entity_id} table={table.table_id} field={field.name} />
      </Suspense>
    );
  }
  const value = echo ? echo.value : written;
  const write = (next: Value) => {
    setEditing(false);
    setEcho({ value: next });
    updateRecord(table.table_id, record.entity_id, { [field.name]: next }, act("edit")).catch((error) => {
      setEcho(null);
      toastProblem(error, () => write(next));
    });
  };
  if (field.type === "boolean" && field.mode !== "reference" && !past) {
    return (
      <button
        type="button"
        role="switch"
        aria-checked={value === true}
        aria-label={field.name}
        className="entry entry-switch"
        onClick={() => write(value !== true)}
      >
        <ValueView value={value ?? false} field={field} />
        {value === true ? "Yes" : "No"}
      </button>
    );
  }
  const fixed = past || field.mode === "reference" || field.type === "blob" || field.type.startsWith("crdt_");
  if (editing) {
    return (
      <span className="entry entry-editing">
        <CellEditor
          field={field}
          value={value}
          typed={null}
          onCommit={(next) => write(next)}
          onCancel={() => setEditing(false)}
        />
      </span>
    );
  }
  const content =
    value == null && !broken ? (
      <span className="quiet">{fixed ? "Empty" : "Add…"}</span>
    ) : (
      <ValueView value={value} field={field} {...(broken ? { broken: broken.reason } : {})} />
    );
  return (
    <span className="entry-line">
      {fixed ? (
        <span className="entry entry-fixed">
          {content}
          {field.reference && <small className="quiet">{followWords(field.reference)}</small>}
        </span>
      ) : (
        <button type="button" className="entry" onClick={() => setEditing(true)}>
          <span className="hidden">Edit {field.name}</span>
          {content}
        </button>
      )}
      {conflict && (
        <button
          type="button"
          className="button conflict-button"
          onClick={(event) => setAnchor(event.currentTarget)}
        >
          <TriangleAlert size={13} /> Two values <ChevronDown size={12} />
        </button>
      )}
      {conflict && anchor && (
        <ConflictPopover conflict_id={conflict.conflict_id} anchor={anchor} onClose={() => setAnchor(null)} />
      )}
    </span>
  );
}

/** Where a reference field takes its value from. */
function followWords({ table, field, via_field, via_edge }: ReferenceView): string {
  if (!table || !field) return "what it follows is gone";
  const via = via_field ?? via_edge;
  return `${table} · ${field}${via ? `, through ${via}` : ""}`;
}
