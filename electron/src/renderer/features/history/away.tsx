/**
 * “While you were away”: what others did since this page last saw the workspace, by person and table, deletions first.
 *
 * Asked when the page comes back into sight, when the engine answers again, and when others are met again.
 */
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronUp, Sunrise } from "lucide-react";
import { useEffect, useReducer, useRef, useState } from "react";
import { get } from "../../shared/api/client";
import { queryClient, useActorName, useTables } from "../../shared/api/queries";
import type { AwayRecords, Away as AwayView, PartView, TableView } from "../../shared/api/schema";
import { currentLink, onEngineEvent, subscribeLink } from "../../shared/api/socket";
import { keep } from "../../shared/kept";
import { go } from "../../shared/route";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { restoreRecord } from "../records/commands";
import { markSeen, readSeen, seenKey } from "./seen";

/** Records named of each kind in a table. */
const NAMED_MAX = 8;

/** How often the marker moves on while somebody watches and something changes. */
const MARK_MS = 20_000;

/** After others are met again, their changes come within moments: those are told together. */
const SETTLE_MS = 1_500;

export function Away() {
  const [asked, ask] = useReducer((before: number) => before + 1, 1);
  const [open, setOpen] = useState(false);
  const actorName = useActorName();
  const missed = useQuery({
    queryKey: ["away", asked],
    gcTime: 0,
    queryFn: async ({ signal }): Promise<AwayView | null> => {
      const since = readSeen();
      if (since === null) {
        await markSeen();
        return null;
      }
      const away = await get("/history/away", { since, limit: NAMED_MAX }, { signal });
      if (away.bundles === 0) keep(seenKey(), away.now);
      return away.bundles === 0 ? null : away;
    },
  });
  const shown = missed.data ?? null;
  const telling = useRef(false);
  telling.current = shown !== null || missed.isPending;
  useWatching(telling, ask);
  if (!shown) return null;
  const people = byPerson(shown.parts);
  const seen = () => {
    keep(seenKey(), shown.now);
    queryClient.setQueryData(["away", asked], null);
  };
  return (
    <aside className="away" aria-label="While you were away">
      <div className="away-line">
        <Sunrise size={15} aria-hidden="true" />
        <strong>While you were away</strong>
        <ul>
          {people.slice(0, 3).map(([actor, parts]) => (
            <li key={actor}>
              {actorName(actor)} {summary(parts)}
            </li>
          ))}
        </ul>
        <span className="space" />
        <button
          type="button"
          className="button quiet-button"
          aria-expanded={open}
          onClick={() => setOpen((before) => !before)}
        >
          {open ? "Less" : "Show"} {open ? <ChevronUp size={13} /> : <ChevronDown size={13} />}
        </button>
        <button type="button" className="button" onClick={seen}>
          Seen
        </button>
      </div>
      {open && (
        <div className="away-more">
          {shown.conflicts.length > 0 && (
            <p>
              <button type="button" className="link" onClick={() => go({ screen: "conflicts" })}>
                {shown.conflicts.length === 1
                  ? "1 conflict with what you wrote"
                  : `${shown.conflicts.length} conflicts with what you wrote`}
              </button>
            </p>
          )}
          {people.map(([actor, parts]) => (
            <section key={actor} className="away-person">
              <h3>
                <span className="avatar" aria-hidden="true">
                  {actorName(actor).charAt(0)}
                </span>
                {actorName(actor)}
              </h3>
              {parts.map((part) => (
                <Part key={`${part.about} ${part.table_id}`} part={part} onGone={ask} />
              ))}
            </section>
          ))}
          {shown.unread > 0 && (
            <p className="quiet">{shown.unread.toLocaleString("en")} earlier acts are in the history.</p>
          )}
          <button type="button" className="link" onClick={() => go({ screen: "history" })}>
            Show all of the history
          </button>
        </div>
      )}
    </aside>
  );
}

/** Moves the marker on while somebody watches; calls `ask` when they may have missed something. */
function useWatching(telling: { readonly current: boolean }, ask: () => void): void {
  useEffect(() => {
    let changed = false;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const mark = () => {
      if (telling.current || document.visibilityState === "hidden" || currentLink() !== "open") return;
      changed = false;
      markSeen().catch(() => {
        // The next one tries again; until then more is told than was missed, never less.
      });
    };
    const onVisibility = () => {
      if (document.visibilityState === "visible" && !telling.current) ask();
    };
    document.addEventListener("visibilitychange", onVisibility);
    const stopEvents = onEngineEvent((event) => {
      switch (event.type) {
        case "records_changed":
        case "edges_changed":
        case "tables_changed":
        case "views_changed":
          changed = true;
          break;
        case "sync_peer_disconnected":
          mark();
          break;
        case "sync_peer_connected":
          clearTimeout(settling);
          settling = setTimeout(() => !telling.current && ask(), SETTLE_MS);
          break;
        default:
      }
    });
    let before = currentLink();
    const stopLink = subscribeLink(() => {
      const link = currentLink();
      if (link === "open" && before === "lost" && !telling.current) ask();
      before = link;
    });
    const timer = setInterval(() => changed && mark(), MARK_MS);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stopEvents();
      stopLink();
      clearInterval(timer);
      clearTimeout(settling);
    };
  }, [telling, ask]);
}

/** Parts by person in their order; within each, those with deletions first, since they may hurt most. */
export function byPerson(parts: readonly PartView[]): [string, PartView[]][] {
  const people = new Map<string, PartView[]>();
  for (const part of parts) people.set(part.actor_id, [...(people.get(part.actor_id) ?? []), part]);
  return [...people].map(([actor, own]) => [
    actor,
    own.toSorted((a, b) => Number(b.deleted.total > 0) - Number(a.deleted.total > 0)),
  ]);
}

/** “deleted 1, changed 4 and added 2 records”. */
export function summary(parts: readonly PartView[]): string {
  const records = parts.filter((part) => part.about === "records");
  const sum = (kind: "deleted" | "changed" | "created") =>
    records.reduce((total, part) => total + part[kind].total, 0);
  const [deleted, changed, created] = [sum("deleted"), sum("changed"), sum("created")];
  const told = [
    deleted ? `deleted ${deleted.toLocaleString("en")}` : "",
    changed ? `changed ${changed.toLocaleString("en")}` : "",
    created ? `added ${created.toLocaleString("en")}` : "",
  ].filter(Boolean);
  if (told.length === 0) {
    if (parts.some((part) => part.edges > 0)) return "changed links";
    return parts.every((part) => part.about === "views") ? "changed views" : "changed tables";
  }
  const last = told.pop();
  const all = told.length === 0 ? last : `${told.join(", ")} and ${last}`;
  return `${all} ${deleted + changed + created === 1 ? "record" : "records"}`;
}

/** What parts are about that are of no one table. */
const ABOUT: Record<string, string> = { workspace: "The workspace", views: "Views" };

function Part({ part, onGone }: { part: PartView; onGone: () => void }) {
  const table = useTables().data?.tables.find((one) => one.table_id === part.table_id);
  const heading = part.table ?? ABOUT[part.about] ?? "Tables";
  return (
    <div className="away-part">
      <h4>{heading}</h4>
      <Listed what="Deleted" of={part.deleted} table={table} onUndeleted={onGone} />
      <Listed what="Changed" of={part.changed} table={table} />
      <Listed what="Added" of={part.created} table={table} />
      {part.edges > 0 && (
        <p className="quiet">
          {part.edges === 1 ? "1 link" : `${part.edges.toLocaleString("en")} links`} changed
        </p>
      )}
    </div>
  );
}

function Listed(props: {
  what: string;
  of: AwayRecords;
  table: TableView | undefined;
  onUndeleted?: () => void;
}) {
  const { what, of, table, onUndeleted } = props;
  if (of.total === 0) return null;
  const undelete = async (entity: string, name: string) => {
    try {
      await restoreRecord(entity);
      toastDone(`Undeleted “${name}”`);
      onUndeleted?.();
    } catch (error) {
      toastProblem(error);
    }
  };
  const more = of.total - of.first.length;
  return (
    <div className="away-list" data-deleted={onUndeleted ? true : undefined}>
      <span className="away-what">{what}</span>
      <ul>
        {of.first.map((record) => {
          const name = record.label || "Untitled";
          return (
            <li key={record.entity_id}>
              {onUndeleted ? (
                <>
                  <span>{name}</span>
                  <button
                    type="button"
                    className="button"
                    aria-label={`Undelete ${name}`}
                    onClick={() => void undelete(record.entity_id, name)}
                  >
                    Undelete
                  </button>
                </>
              ) : table ? (
                <button
                  type="button"
                  className="link"
                  onClick={() => go({ screen: "table", table: table.table_id, record: record.entity_id })}
                >
                  {name}
                </button>
              ) : (
                name
              )}
              {record.fields.length > 0 && <span className="quiet">{record.fields.join(", ")}</span>}
            </li>
          );
        })}
        {more > 0 && <li className="quiet">and {more.toLocaleString("en")} more</li>}
      </ul>
    </div>
  );
}
