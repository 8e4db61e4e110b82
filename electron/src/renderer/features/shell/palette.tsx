/** Goes to anything: tables, screens, records by name, and what can be done. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { useQueries } from "@tanstack/react-query";
import { Bookmark, Rows3, SearchIcon, Table2, Zap } from "lucide-react";
import { type ReactNode, useDeferredValue, useId, useMemo, useState } from "react";
import { get } from "../../shared/api/client";
import { useTables } from "../../shared/api/queries";
import { go } from "../../shared/route";
import { labelOf } from "../records/labels";
import { showView } from "../views/chosen";
import { useAllViews } from "../views/queries";

export type PaletteAct = { name: string; keys?: string; run: () => void };

type Entry = { id: string; name: string; about: string; icon: ReactNode; run: () => void };

const RECORDS_A_TABLE = 4;
const SHOWN_MAX = 14;

export function Palette({ acts, onClose }: { acts: readonly PaletteAct[]; onClose: () => void }) {
  const tables = useTables().data?.tables ?? [];
  const views = useAllViews();
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const list = useId();
  const wanted = useDeferredValue(text.trim());
  const found = useQueries({
    queries: tables.map((table) => ({
      queryKey: ["picker", table.table_id, "palette", wanted],
      enabled: wanted.length > 1,
      gcTime: 10_000,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get("/records/list", { table: table.table_id, q: wanted, limit: RECORDS_A_TABLE }, { signal }),
    })),
  });
  const entries = useMemo<Entry[]>(() => {
    const matches = (name: string) => name.toLowerCase().includes(text.trim().toLowerCase());
    const own: Entry[] = [
      ...tables
        .filter((table) => matches(table.name))
        .map((table) => ({
          id: table.table_id,
          name: table.name,
          about: `Table · ${table.records.toLocaleString("en")}`,
          icon: <Table2 size={14} />,
          run: () => go({ screen: "table", table: table.table_id, record: null }),
        })),
      ...views.flatMap((view): Entry[] => {
        const table = tables.find((one) => one.table_id === view.table_id);
        if (!table || !matches(view.name)) return [];
        return [
          {
            id: view.view_id,
            name: view.name,
            about: `View of ${table.name}`,
            icon: <Bookmark size={14} />,
            run: () => {
              showView(table, view);
              go({ screen: "table", table: table.table_id, record: null });
            },
          },
        ];
      }),
      ...acts
        .filter((act) => matches(act.name))
        .map((act) => ({
          id: act.name,
          name: act.name,
          about: act.keys ?? "",
          icon: <Zap size={14} />,
          run: act.run,
        })),
    ];
    const records =
      wanted.length > 1
        ? found.flatMap((answer, at) => {
            const table = tables[at];
            return (answer.data?.records ?? []).map((record) => ({
              id: record.entity_id,
              name: labelOf(record, table?.fields ?? []),
              about: table?.name ?? "",
              icon: <Rows3 size={14} />,
              run: () => go({ screen: "table", table: table?.table_id ?? "", record: record.entity_id }),
            }));
          })
        : [];
    return [...own, ...records].slice(0, SHOWN_MAX);
  }, [tables, views, acts, found, wanted, text]);
  const at = Math.min(index, Math.max(entries.length - 1, 0));
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className="dialog palette" aria-label="Go to anything">
          <div className="palette-field">
            <SearchIcon size={16} aria-hidden="true" />
            <input
              className="palette-input"
              role="combobox"
              aria-expanded="true"
              aria-controls={list}
              aria-activedescendant={entries[at] ? `${list}-${at}` : undefined}
              aria-label="Go to anything"
              placeholder="Go to a table or record, or do something…"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setIndex(0);
              }}
              onKeyDown={(event) => {
                if (event.key === "ArrowDown" || event.key === "ArrowUp") {
                  event.preventDefault();
                  const by = event.key === "ArrowDown" ? 1 : -1;
                  setIndex((at + by + entries.length) % Math.max(entries.length, 1));
                } else if (event.key === "Enter") {
                  event.preventDefault();
                  choose(entries[at]);
                }
              }}
            />
          </div>
          <div id={list} className="palette-list" role="listbox" aria-label="Found">
            {entries.map((entry, place) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
              <div
                key={entry.id}
                id={`${list}-${place}`}
                role="option"
                tabIndex={-1}
                aria-selected={place === at}
                className="menu-item"
                onClick={() => choose(entry)}
                onPointerMove={() => setIndex(place)}
              >
                <span className="menu-icon" aria-hidden="true">
                  {entry.icon}
                </span>
                <span className="menu-text">{entry.name}</span>
                <span className="quiet">{entry.about}</span>
              </div>
            ))}
          </div>
          {entries.length === 0 && <p className="menu-heading">Nothing is called “{text}”</p>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
