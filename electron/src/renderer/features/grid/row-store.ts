/**
 * The rows of one listing: pages by cursor, loaded as they come into sight, with what was written over them.
 *
 * Rows have a number as they are shown; between pages that are not loaded yet, numbers beyond the loaded ones have no
 * record. When the engine tells of changes, the pages in sight are asked again and those behind them when they come
 * into sight; while a row is held, because somebody edits it, only values change and no row moves.
 */
import { get } from "../../shared/api/client";
import type { Event as EngineEvent, Records, RecordView } from "../../shared/api/schema";
import type { Value } from "../values/value";
import { PendingWrites } from "./pending";

export type Listing = {
  table: string;
  filter: string | undefined;
  sort: string | undefined;
  q: string | undefined;
  /** A bundle: the rows are those that stood right after it. */
  at?: string | undefined;
};

/** `round`: the round of refreshing in which it was asked; it is stale once another has begun. */
type Page = { cursor: string | null; next: string | null; rows: RecordView[]; round: number };

/** Records asked for at once: large enough that scrolling rarely waits, small enough to arrive within a frame or two. */
export const PAGE_SIZE = 500;

/** The first page is what somebody waits for: a screen full, and some to scroll. */
const FIRST_PAGE_SIZE = 100;

/** Up to here, changed records are asked one by one and stay where they are; beyond, the pages are asked again. */
const ONE_BY_ONE_MAX = 8;

export type FetchPage = (listing: Listing, cursor: string | null, signal: AbortSignal) => Promise<Records>;
export type FetchRecord = (table: string, entity: string) => Promise<RecordView | null>;

const fetchPage: FetchPage = (listing, cursor, signal) =>
  get(
    "/records/list",
    {
      ...listing,
      limit: cursor === null ? FIRST_PAGE_SIZE : PAGE_SIZE,
      cursor: cursor ?? undefined,
    } as Parameters<typeof get<"/records/list">>[1],
    { signal },
  );

const fetchRecord: FetchRecord = async (table, entity) => {
  const record = await get("/records/{id}", { table }, { id: entity });
  return record.deleted || !record.table_ids.includes(table) ? null : record;
};

export class RowStore {
  readonly listing: Listing;
  readonly pending: PendingWrites;
  /** How many rows there are; `null` before the first page has come. */
  total: number | null = null;
  /** Why the last page did not come; `null` while all is well. */
  error: unknown = null;
  /** Counts up whenever something about the rows changed. */
  version = 0;

  private pages: Page[] = [];
  private rows: RecordView[] = [];
  private places = new Map<string, number>();
  private held: string | null = null;
  private owed = false;
  private round = 0;
  private loading = false;
  private sight = { first: 0, last: PAGE_SIZE - 1 };
  private everything = false;
  private readonly listeners = new Set<() => void>();
  private readonly abort = new AbortController();

  constructor(
    listing: Listing,
    pending: PendingWrites = new PendingWrites(),
    private readonly askPage: FetchPage = fetchPage,
    private readonly askRecord: FetchRecord = fetchRecord,
  ) {
    this.listing = listing;
    this.pending = pending;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): number => this.version;

  get loaded(): number {
    return this.rows.length;
  }

  /** The record of a row, with what was written over it; `undefined` where it is not loaded. */
  row(index: number): RecordView | undefined {
    const record = this.rows[index];
    return record && this.pending.over(record);
  }

  indexOf(entity: string): number | null {
    return this.places.get(entity) ?? null;
  }

  /** All loaded records in order, as the engine gave them. */
  get records(): readonly RecordView[] {
    return this.rows;
  }

  close(): void {
    this.abort.abort();
    this.listeners.clear();
  }

  /** Tells which rows are in sight; loads what is missing up to there. */
  look(first: number, last: number): void {
    this.sight = { first, last };
    void this.work();
  }

  /** Loads everything: grouping needs to know all rows. */
  loadAll(): void {
    this.everything = true;
    void this.work();
  }

  /** Asks everything again that is in sight; the rest when it comes into sight. */
  refresh(): void {
    // Without an order of their own, rows stay where they are whatever is written into them.
    const { filter, sort, q } = this.listing;
    if (this.held !== null && (filter ?? sort ?? q) !== undefined) {
      this.owed = true;
      return;
    }
    this.round++;
    this.error = null;
    void this.work();
  }

  /** Holds a row in its place while it is edited; `null` lets it go where it belongs. */
  hold(entity: string | null): void {
    if (this.held === entity) return;
    this.held = entity;
    if (entity === null && this.owed) {
      this.owed = false;
      this.refresh();
    }
  }

  /** Shows a write before the engine has answered; `run` asks it. Fails as `run` does, with the write taken back. */
  async write(
    entity: string,
    fields: Readonly<Record<string, Value>>,
    run: () => Promise<unknown>,
  ): Promise<void> {
    const ticket = this.pending.write(entity, fields);
    this.changed();
    try {
      await run();
      this.pending.confirm(entity, ticket);
      void this.ask([entity]);
    } catch (error) {
      this.pending.refuse(entity, ticket);
      this.changed();
      throw error;
    }
  }

  on(event: EngineEvent): void {
    // The past stays as it was.
    if (this.listing.at !== undefined) return;
    switch (event.type) {
      case "records_changed":
        if (event.table === this.listing.table) this.onRecords(event.entity_ids ?? null);
        // A reference field may follow a record of another table.
        else if (this.follows) this.refresh();
        break;
      case "conflict_opened":
      case "conflict_resolved":
        if (event.entity_id && this.places.has(event.entity_id)) void this.ask([event.entity_id]);
        break;
      case "overlays_changed":
      case "edges_changed":
      case "tables_changed":
      case "resync":
        this.refresh();
        break;
      default:
    }
  }

  /** Whether the table has fields that follow those of others. */
  follows = false;

  private onRecords(entities: string[] | null): void {
    const known = entities?.filter((entity) => this.places.has(entity)) ?? [];
    const few = entities !== null && known.length <= ONE_BY_ONE_MAX;
    // A write that is under way asks by itself once it is answered.
    const others = known.filter((entity) => !this.pending.underWay(entity));
    if (few && others.length > 0) void this.ask(others);
    const moved = this.listing.filter ?? this.listing.sort ?? this.listing.q;
    // A page on its way may bring the rows as they were, over what is asked now.
    if (!few || moved !== undefined || known.length < entities.length || this.loading) this.refresh();
  }

  /** Asks single records again, in their places. */
  private async ask(entities: readonly string[]): Promise<void> {
    await Promise.all(
      entities.map(async (entity) => {
        try {
          const mark = this.pending.mark();
          const record = await this.askRecord(this.listing.table, entity);
          if (this.abort.signal.aborted) return;
          if (record === null) {
            this.refresh();
            return;
          }
          this.pending.settle(entity, mark);
          this.replace(record);
        } catch {
          // The next listing tells; if the engine is out of reach, that is shown already.
        }
      }),
    );
    this.changed();
  }

  private replace(record: RecordView): void {
    const place = this.places.get(record.entity_id);
    if (place === undefined) return;
    this.rows[place] = record;
    let start = 0;
    for (const page of this.pages) {
      if (place < start + page.rows.length) {
        page.rows[place - start] = record;
        return;
      }
      start += page.rows.length;
    }
  }

  /** Loads one page after the other until what is in sight is loaded and fresh. */
  private async work(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      for (let index = this.wanted(); index !== null && !this.abort.signal.aborted; index = this.wanted()) {
        await this.load(index);
      }
    } catch (error) {
      if (!this.abort.signal.aborted) {
        this.error = error;
        this.changed();
      }
    } finally {
      this.loading = false;
    }
  }

  private wanted(): number | null {
    if (this.error !== null) return null;
    let start = 0;
    for (const [index, page] of this.pages.entries()) {
      const end = start + page.rows.length;
      const seen =
        this.everything || (start <= this.sight.last && end > this.sight.first) || page.next === null;
      if (page.round !== this.round && seen) return index;
      start = end;
    }
    const last = this.pages.at(-1);
    if (!last) return 0;
    return last.next !== null && (this.everything || start <= this.sight.last) ? this.pages.length : null;
  }

  private async load(index: number): Promise<void> {
    const cursor = index === 0 ? null : (this.pages[index - 1]?.next ?? null);
    const mark = this.pending.mark();
    // What changes while the answer is on its way may be missing from it.
    const round = this.round;
    const answer = await this.askPage(this.listing, cursor, this.abort.signal);
    if (this.abort.signal.aborted) return;
    for (const row of answer.records) this.pending.settle(row.entity_id, mark);
    const next = answer.next_cursor ?? null;
    const before = this.pages[index];
    const page: Page = { cursor, next, rows: keepSame(before?.rows, answer.records), round };
    this.pages[index] = page;
    const following = this.pages[index + 1];
    // Rows came or went: the pages behind begin elsewhere now, and are asked when they come into sight.
    if (next === null || (following && following.cursor !== next)) this.pages.length = index + 1;
    this.total = answer.total;
    this.rebuild();
    this.changed();
  }

  private rebuild(): void {
    const rows: RecordView[] = [];
    const places = new Map<string, number>();
    for (const page of this.pages) {
      for (const record of page.rows) {
        if (places.has(record.entity_id)) continue;
        places.set(record.entity_id, rows.length);
        rows.push(record);
      }
    }
    this.rows = rows;
    this.places = places;
  }

  private changed(): void {
    this.version++;
    for (const listener of this.listeners) listener();
  }
}

/** Keeps the objects of records that did not change, so that their rows are not drawn again. */
function keepSame(before: readonly RecordView[] | undefined, now: RecordView[]): RecordView[] {
  if (!before) return now;
  const known = new Map(before.map((record) => [record.entity_id, record]));
  return now.map((record) => {
    const old = known.get(record.entity_id);
    return old && JSON.stringify(old) === JSON.stringify(record) ? old : record;
  });
}
