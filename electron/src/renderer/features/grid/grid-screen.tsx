/** A table as a grid: its rows, how it is looked at, and what is done to it. */
import { FilterX, Rows3 } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { currentWorkspace } from "../../shared/api/client";
import { useOverlayDiff, useOverlays } from "../../shared/api/queries";
import type { FieldView, RecordView, TableView } from "../../shared/api/schema";
import { onEngineEvent } from "../../shared/api/socket";
import { go } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { ConflictPopover } from "../conflicts/conflict-popover";
import { ExportDialog } from "../export/export-dialog";
import { PastBar } from "../history/past-bar";
import { ImportDialog } from "../import/import-dialog";
import {
  act,
  createRecord,
  createRecords,
  deleteRecord,
  restoreRecord,
  runAll,
  updateRecord,
} from "../records/commands";
import { findByLabel } from "../records/labels";
import { AddField, RemoveField, RenameField } from "../tables/field-forms";
import { FollowField } from "../tables/reference-form";
import type { Value } from "../values/value";
import { useSavedViews } from "../views/queries";
import { filterJson, NO_FILTER, operatorsFor, sortText } from "./filter";
import { Grid, type GridActs } from "./grid";
import { type PastePlan, planPaste, spread } from "./paste";
import { PasteDialog } from "./paste-dialog";
import { PendingWrites } from "./pending";
import { type Listing, RowStore } from "./row-store";
import { SelectedNews, summary } from "./summary";
import { Toolbar } from "./toolbar";
import { columnsOf, moveField, shiftField, useView } from "./view";

/** Above this many cells, a paste is shown before it is done. */
const PASTE_AT_ONCE_MAX = 400;
const FIND_PAUSE_MS = 150;

type Props = {
  table: TableView;
  opened: string | null;
  /** A bundle, to show the table as it was right after it. */
  at: string | null;
};

export function GridScreen({ table, opened, at }: Props) {
  const workspace = currentWorkspace() ?? "";
  const [view, change] = useView(workspace, table.table_id);
  const [q, setQ] = useState("");
  const settledQ = useSettled(q, FIND_PAUSE_MS);
  const listing = useMemo<Listing>(() => {
    const sort =
      view.group === null
        ? view.sort
        : [
            view.sort.find((key) => key.field === view.group) ?? { field: view.group, descending: false },
            ...view.sort.filter((key) => key.field !== view.group),
          ];
    return {
      table: table.table_id,
      filter: filterJson(view.filter, table.fields),
      sort: sortText(sort, table.fields),
      q: settledQ.trim() || undefined,
      ...(at === null ? {} : { at }),
    };
  }, [table.table_id, table.fields, view.filter, view.sort, view.group, settledQ, at]);
  const store = useRows(listing);
  store.follows = table.fields.some((field) => field.mode === "reference");
  const total = useSyncExternalStore(store.subscribe, () => store.total);
  const failure = useSyncExternalStore(store.subscribe, () => store.error);

  const [goTo, setGoTo] = useState<string | null>(null);
  const onWent = useCallback(() => setGoTo(null), []);
  const [selected] = useState(() => new SelectedNews());
  const [filtering, setFiltering] = useState(false);
  const [importing, setImporting] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [plan, setPlan] = useState<PastePlan | null>(null);
  const [renamed, setRenamed] = useState<FieldView | null>(null);
  const [followed, setFollowed] = useState<FieldView | null>(null);
  const [removed, setRemoved] = useState<FieldView | null>(null);
  const [conflict, setConflict] = useState<{ id: string; anchor: Element } | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const drafted = useDrafted(table.table_id);

  const write = useCallback(
    (record: RecordView, fields: Record<string, Value>) => {
      store
        .write(record.entity_id, fields, () =>
          updateRecord(table.table_id, record.entity_id, fields, act("edit")),
        )
        .catch((error) => toastProblem(error, () => write(record, fields)));
    },
    [store, table.table_id],
  );

  const writeAll = useCallback(
    async (
      writes: { record: Pick<RecordView, "entity_id">; fields: Record<string, Value> }[],
      what: "fill" | "clear" | "paste",
    ) => {
      const by = act(what);
      const refusals = await runAll(
        writes.map(
          ({ record, fields }) =>
            () =>
              store.write(record.entity_id, fields, () =>
                updateRecord(table.table_id, record.entity_id, fields, by),
              ),
        ),
      );
      if (refusals.length > 0) toastProblem(refusals[0]);
    },
    [store, table.table_id],
  );

  const carryOut = useCallback(
    async (paste: PastePlan) => {
      setPlan(null);
      try {
        await writeAll(
          paste.updates.map(({ entity, fields }) => ({ record: { entity_id: entity }, fields })),
          "paste",
        );
        store.hold(null);
        const made = await createRecords(table.table_id, paste.additions, act("paste"));
        if (made[0]) setGoTo(made[0]);
        const told = [
          paste.cells > 0 ? `${paste.cells.toLocaleString("en")} cells` : "",
          made.length > 0 ? `${made.length.toLocaleString("en")} new records` : "",
        ].filter(Boolean);
        if (told.length > 0) toastDone(`Pasted ${told.join(", ")}`);
      } catch (error) {
        toastProblem(error);
      }
      store.refresh();
    },
    [store, table.table_id, writeAll],
  );

  const add = useCallback(async () => {
    try {
      store.hold(null);
      setGoTo(await createRecord(table.table_id, {}, act("new record")));
      store.refresh();
    } catch (error) {
      toastProblem(error);
    }
  }, [store, table.table_id]);

  const remove = useCallback(async (records: RecordView[]) => {
    const by = act("delete");
    const refusals = await runAll(
      records.map(
        ({ entity_id }) =>
          () =>
            deleteRecord(entity_id, by),
      ),
    );
    if (refusals.length > 0) toastProblem(refusals[0]);
    const gone = records.length - refusals.length;
    if (gone > 0) {
      toastDone(`Deleted ${gone} ${gone === 1 ? "record" : "records"}`, {
        label: "Undelete",
        run: () =>
          void runAll(
            records.map(
              ({ entity_id }) =>
                () =>
                  restoreRecord(entity_id),
            ),
          ),
      });
    }
  }, []);

  const gridActs = useMemo<GridActs>(
    () => ({
      write,
      writeAll: (writes, what) => void writeAll(writes, what),
      paste: (block, range, targets, fields) => {
        const wide = spread(block, range.bottom - range.top + 1, range.right - range.left + 1);
        const next = planPaste(wide, fields, targets.slice(0, wide.length), findByLabel);
        const plain = next.faults.length === 0 && next.additions.length === 0 && next.beyond <= 0;
        if (plain && next.cells <= PASTE_AT_ONCE_MAX) void carryOut(next);
        else setPlan(next);
      },
      add: () => void add(),
      remove: (records) => void remove(records),
      open: (entity) => go({ screen: "table", table: table.table_id, record: entity, at }),
      conflict: (id, anchor) => setConflict({ id, anchor }),
    }),
    [write, writeAll, carryOut, add, remove, table.table_id, at],
  );

  const headerActs = useMemo(
    () => ({
      sort: (field: FieldView, descending: boolean | null) =>
        change({
          sort:
            descending === null
              ? view.sort.filter((key) => key.field !== field.name)
              : [{ field: field.name, descending }],
        }),
      filter: (field: FieldView) => {
        const op = operatorsFor(field.type)[0] ?? "=";
        change({
          filter: { ...view.filter, tests: [...view.filter.tests, { field: field.name, op, text: "" }] },
        });
        setFiltering(true);
      },
      group: (field: FieldView) => change({ group: view.group === field.name ? null : field.name }),
      hide: (field: FieldView) => change({ hidden: [...view.hidden, field.field_id] }),
      freeze: (frozen: number) => change({ frozen }),
      resize: (field: FieldView, width: number) =>
        change({ widths: { ...view.widths, [field.field_id]: width } }),
      move: (field: FieldView, before: FieldView | null) =>
        change({ order: moveField(table.fields, view, field.field_id, before?.field_id ?? null) }),
      shift: (field: FieldView, by: -1 | 1) => {
        const order = shiftField(table.fields, view, field.field_id, by);
        if (order) change({ order });
      },
      rename: setRenamed,
      follow: setFollowed,
      remove: setRemoved,
    }),
    [change, view, table.fields],
  );

  const past = at !== null;
  const headerEnd = useMemo(() => (past ? null : <AddField table={table} />), [past, table]);
  const shown = useMemo(() => columnsOf(table.fields, view).map(({ field }) => field), [table.fields, view]);
  const views = useSavedViews(table.table_id);
  const narrowed = listing.filter !== undefined || listing.q !== undefined;
  return (
    <section className="grid-screen" aria-label={table.name}>
      <Toolbar
        title={table.name}
        table={table.table_id}
        total={total}
        fields={table.fields}
        view={view}
        change={change}
        q={q}
        onQ={setQ}
        search={search}
        filtering={filtering}
        onFiltering={setFiltering}
        onAdd={() => void add()}
        readOnly={past}
        onImport={() => setImporting(true)}
        onExport={() => setExporting(true)}
      />
      {at !== null && <PastBar table={table.table_id} at={at} />}
      {total === null ? (
        failure !== null ? (
          <Failed error={failure} retry={() => store.refresh()} />
        ) : (
          <Loading what="records" />
        )
      ) : (
        <Grid
          name={table.name}
          fields={table.fields}
          view={view}
          store={store}
          readOnly={past}
          headerActs={headerActs}
          acts={gridActs}
          headerEnd={headerEnd}
          opened={opened}
          drafted={drafted}
          goTo={goTo}
          onWent={onWent}
          onSelected={selected.tell}
          empty={
            narrowed ? (
              <Empty
                icon={<FilterX size={28} />}
                title="Nothing matches"
                acts={
                  <button
                    type="button"
                    className="button"
                    onClick={() => {
                      setQ("");
                      change({ filter: NO_FILTER });
                    }}
                  >
                    Show all records
                  </button>
                }
              >
                No record of {table.name} matches the filter and what you look for.
              </Empty>
            ) : past ? (
              <Empty icon={<Rows3 size={28} />} title={`${table.name} was empty then`} />
            ) : (
              <Empty
                icon={<Rows3 size={28} />}
                title={`${table.name} is empty`}
                acts={
                  <>
                    <button type="button" className="button accent" onClick={() => void add()}>
                      New record
                    </button>
                    <button type="button" className="button" onClick={() => setImporting(true)}>
                      Import a file
                    </button>
                  </>
                }
              >
                Type a first record, or paste a block from a spreadsheet.
              </Empty>
            )
          }
        />
      )}
      <footer className="status-bar">
        <span>{listing.sort !== undefined && view.group === null ? "Sorted" : ""}</span>
        <span className="space" />
        <SelectedWords news={selected} />
        <span className="quiet">
          <kbd>?</kbd> for help
        </span>
      </footer>
      {exporting && total !== null && (
        <ExportDialog
          table={table.name}
          view={views.find((one) => one.view_id === view.saved)?.name ?? null}
          listing={listing}
          total={total}
          fields={shown}
          hidden={table.fields.length - shown.length}
          onClose={() => setExporting(false)}
        />
      )}
      {plan && <PasteDialog plan={plan} onPaste={() => void carryOut(plan)} onClose={() => setPlan(null)} />}
      {importing && <ImportDialog table={table} onClose={() => setImporting(false)} />}
      {renamed && <RenameField table={table} field={renamed} onClose={() => setRenamed(null)} />}
      {followed && <FollowField table={table} field={followed} onClose={() => setFollowed(null)} />}
      {removed && <RemoveField table={table} field={removed} onClose={() => setRemoved(null)} />}
      {conflict && (
        <ConflictPopover
          conflict_id={conflict.id}
          anchor={conflict.anchor}
          onClose={() => setConflict(null)}
        />
      )}
    </section>
  );
}

function SelectedWords({ news }: { news: SelectedNews }) {
  const selected = useSyncExternalStore(news.subscribe, news.snapshot);
  if (!selected) return null;
  const words = summary(selected);
  return (
    <>
      <span>
        {selected.rows} × {selected.cells / selected.rows} selected
      </span>
      {words && <span>{words}</span>}
    </>
  );
}

/** The rows of a listing. While those of another come, the ones that were shown stay. */
function useRows(listing: Listing): RowStore {
  const [pending] = useState(() => new PendingWrites());
  const [shown, setShown] = useState(() => new RowStore(listing, pending));
  useEffect(() => {
    if (sameListing(shown.listing, listing)) return;
    const next = new RowStore(listing, pending);
    const stop = next.subscribe(() => {
      if (next.total === null && next.error === null) return;
      stop();
      shown.close();
      setShown(next);
    });
    next.look(0, 60);
    return stop;
  }, [listing, shown, pending]);
  useEffect(() => {
    shown.look(0, 60);
    return onEngineEvent((event) => shown.on(event));
  }, [shown]);
  return shown;
}

function sameListing(a: Listing, b: Listing): boolean {
  return a.table === b.table && a.filter === b.filter && a.sort === b.sort && a.q === b.q && a.at === b.at;
}

function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Which cells the active draft writes: fields by record. */
function useDrafted(table: string): ReadonlyMap<string, ReadonlySet<string>> {
  const active = useOverlays().data?.overlays.find((overlay) => overlay.active);
  const diff = useOverlayDiff(active?.overlay_id ?? null).data;
  return useMemo(() => {
    const cells = new Map<string, Set<string>>();
    for (const edit of active && diff ? diff.edits : []) {
      if (edit.undone) continue;
      for (const cell of edit.changes) {
        if (!cell.entity_id || !cell.field || cell.table_id !== table) continue;
        cells.set(cell.entity_id, (cells.get(cell.entity_id) ?? new Set()).add(cell.field));
      }
    }
    return cells;
  }, [active, diff, table]);
}
