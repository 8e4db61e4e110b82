/**
 * A list that several people edit at once: write, add, remove and move its items.
 *
 * Yjs moves nothing: an item that is moved is taken out and put in again. When two people move the same one at the same
 * time, it stands in both places, and one of them removes it; nothing is lost.
 */
import { GripVertical, Plus, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import * as Y from "yjs";
import { Failed, Loading } from "../../shared/ui/states";
import { type Saving, SharedDocument } from "../text/shared-document";
import type { Value } from "../values/value";
import { ValueView } from "../values/value-view";
import {
  changeItems,
  type Item,
  isWritten,
  itemName,
  itemsFrom,
  Keys,
  placeOf,
  readItem,
  type Step,
} from "./items";

type Props = { entity: string; table: string; field: string };
type Open = { shared: SharedDocument; undo: Y.UndoManager };

export function ListEditor({ entity, table, field }: Props) {
  const [open, setOpen] = useState<Open | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [items, setItems] = useState<readonly Item[]>([]);
  const [saving, setSaving] = useState<Saving>("saved");
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    void attempt;
    let closed = false;
    let close = () => {};
    setError(null);
    SharedDocument.open(
      { entity_id: entity, table, field },
      { saving: setSaving, stale: () => !closed && setAttempt((before) => before + 1) },
    )
      .then((shared) => {
        if (closed) return shared.close();
        const keys = new Keys();
        const list = shared.list;
        const undo = new Y.UndoManager(list, { captureTimeout: 0 });
        let shown = itemsFrom(list.toArray(), keys);
        setItems(shown);
        list.observe((event) => {
          // Yjs tells what changed only while it tells that something did.
          shown = changeItems(shown, event.changes.delta as Step[], keys);
          setItems(shown);
        });
        setOpen({ shared, undo });
        close = () => {
          undo.destroy();
          shared.close();
          setOpen(null);
        };
      })
      .catch((refused) => !closed && setError(refused));
    return () => {
      closed = true;
      close();
    };
  }, [entity, table, field, attempt]);

  return (
    <div className="list-editor" data-field={field}>
      {error !== null ? (
        <Failed error={error} retry={() => setAttempt((before) => before + 1)} />
      ) : open === null ? (
        <Loading what="the list" />
      ) : (
        <Items field={field} items={items} open={open} />
      )}
      <span className="text-state" role="status">
        {saving === "saving" ? "Saving…" : saving === "failed" ? "Not saved" : ""}
      </span>
    </div>
  );
}

/** Which line has the focus next, once it is drawn, and which part of it. Behind the items is the line for another. */
type Focus = { line: number; part: "handle" | "input" };

function Items({ field, items, open }: { field: string; items: readonly Item[]; open: Open }) {
  const { shared, undo } = open;
  const [drag, setDrag] = useState<{ key: number; over: number } | null>(null);
  const [adding, setAdding] = useState("");
  const element = useRef<HTMLDivElement>(null);
  const focus = useRef<Focus | null>(null);
  const focusOn = ({ line, part }: Focus) =>
    element.current
      ?.querySelectorAll(".list-line")
      [line]?.querySelector<HTMLElement>(`.list-${part}`)
      ?.focus();
  useLayoutEffect(() => {
    const wanted = focus.current;
    if (!wanted) return;
    focus.current = null;
    focusOn(wanted);
  });

  const indexOf = (key: number) => items.findIndex((item) => item.key === key);
  const write = (key: number, value: Value) => {
    const index = indexOf(key);
    if (index < 0) return;
    shared.document.transact(() => {
      shared.list.delete(index, 1);
      shared.list.insert(index, [value]);
    });
  };
  const remove = (key: number) => {
    const index = indexOf(key);
    if (index < 0) return;
    focus.current = { line: index, part: "input" };
    shared.list.delete(index, 1);
  };
  const move = (from: number, to: number, part: Focus["part"], value = items[from]?.value) => {
    if (value === undefined || to < 0 || to >= items.length || from === to) return;
    focus.current = { line: to, part };
    shared.document.transact(() => {
      shared.list.delete(from, 1);
      shared.list.insert(to, [value]);
    });
  };
  const add = () => {
    const text = adding.trim();
    if (text === "") return;
    setAdding("");
    shared.list.push([text]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) undo.redo();
    else undo.undo();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of its entries, wherever the focus is
    <div ref={element} onKeyDown={onKeyDown}>
      <ol className="list-items" aria-label={field}>
        {items.map((item, index) => (
          <Line
            key={item.key}
            item={item}
            field={field}
            drop={drag !== null && drag.over === item.key && drag.key !== item.key}
            onWrite={(value) => write(item.key, value)}
            onLost={setAdding}
            onRemove={() => remove(item.key)}
            onNext={() => focusOn({ line: index + 1, part: "input" })}
            onMove={(by, part, value) => move(index, index + by, part, value)}
            onDrag={() => setDrag({ key: item.key, over: item.key })}
            onOver={() =>
              setDrag((before) =>
                before && before.over !== item.key ? { ...before, over: item.key } : before,
              )
            }
            onDrop={() => {
              const place = drag && placeOf(items, drag.key, item.key);
              setDrag(null);
              if (place) move(place.from, place.to, "handle");
            }}
            onDragEnd={() => setDrag(null)}
          />
        ))}
      </ol>
      <div className="list-line list-add">
        <Plus size={13} aria-hidden="true" />
        <input
          className="list-input"
          aria-label={`Add to ${field}`}
          placeholder="Add an item…"
          value={adding}
          onChange={(event) => setAdding(event.target.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Enter") {
              event.preventDefault();
              add();
            } else if (event.key === "Escape" && adding !== "") {
              event.preventDefault();
              setAdding("");
            }
          }}
        />
      </div>
    </div>
  );
}

type LineProps = {
  item: Item;
  field: string;
  drop: boolean;
  onWrite: (value: Value) => void;
  /** What was written here when somebody else took the item away. */
  onLost: (text: string) => void;
  onRemove: () => void;
  onNext: () => void;
  onMove: (by: -1 | 1, part: "handle" | "input", value?: Value) => void;
  onDrag: () => void;
  onOver: () => void;
  onDrop: () => void;
  onDragEnd: () => void;
};

function Line(props: LineProps) {
  const { item, field, drop, onMove } = props;
  const name = itemName(item.value);
  return (
    <li
      className="list-line"
      data-drop={drop || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        props.onOver();
      }}
      onDrop={(event) => {
        event.preventDefault();
        props.onDrop();
      }}
    >
      <button
        type="button"
        className="icon-button list-handle"
        draggable
        aria-label={`Move ${name} in ${field}`}
        title="Drag to move, or press ↑ and ↓"
        onDragStart={(event) => {
          event.dataTransfer.effectAllowed = "move";
          event.dataTransfer.setData("text/plain", name);
          props.onDrag();
        }}
        onDragEnd={props.onDragEnd}
        onKeyDown={(event) => {
          const by = stepOf(event.key);
          if (by === null) return;
          event.preventDefault();
          onMove(by, "handle");
        }}
      >
        <GripVertical size={13} />
      </button>
      {isWritten(item.value) ? (
        <ItemInput {...props} value={item.value} />
      ) : (
        <span className="list-value">
          <ValueView
            value={item.value}
            field={{ name: field, type: "text", mode: "discrete", options: [] }}
          />
        </span>
      )}
      <button
        type="button"
        className="icon-button list-remove"
        aria-label={`Remove ${name} from ${field}`}
        onClick={props.onRemove}
      >
        <X size={13} />
      </button>
    </li>
  );
}

function stepOf(key: string): -1 | 1 | null {
  return key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : null;
}

function ItemInput(props: LineProps & { value: string | number }) {
  const { value, field, onWrite, onLost } = props;
  // `null` while nobody writes here: what others write is shown at once.
  const [text, setText] = useState<string | null>(null);
  const written = useRef<string | null>(null);
  written.current = text;
  const lost = useRef(onLost);
  lost.current = onLost;
  useEffect(
    () => () => {
      if (written.current !== null && written.current.trim() !== "") lost.current(written.current);
    },
    [],
  );
  /** Takes what was written here, to be kept; `undefined` when that is what stands there. */
  const take = (): Value | undefined => {
    setText(null);
    written.current = null;
    if (text === null || text.trim() === "" || text.trim() === String(value)) return undefined;
    return readItem(text, value);
  };
  const finish = () => {
    const next = take();
    if (next !== undefined) onWrite(next);
  };
  return (
    <input
      className="list-input"
      aria-label={`Item of ${field}`}
      value={text ?? String(value)}
      onChange={(event) => setText(event.target.value === String(value) ? null : event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        const by = stepOf(event.key);
        if (event.key === "Enter") {
          event.preventDefault();
          finish();
          props.onNext();
        } else if (event.key === "Escape" && text !== null) {
          event.preventDefault();
          setText(null);
        } else if (event.key === "Backspace" && text === "") {
          event.preventDefault();
          written.current = null;
          props.onRemove();
        } else if (by !== null && event.altKey) {
          event.preventDefault();
          props.onMove(by, "input", take() ?? value);
        }
      }}
    />
  );
}
