/** What was done, newest first, day by day: what each act changed, taking it back, and how it stood then. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, Clock, History as HistoryIcon, ScrollText, Undo2 } from "lucide-react";
import { useMemo, useState } from "react";
import { get, post } from "../../shared/api/client";
import { useActorName, usePeers, useStatus, useTables } from "../../shared/api/queries";
import { dayOf, timeOf } from "../../shared/moment";
import { go } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { useLabel } from "../records/labels";
import { ActChanges } from "./act-changes";
import { actsOf, type PastAct, recordOf } from "./acts";
import { tellSkipped } from "./skipped";

const PAGE = 60;

export function HistoryScreen() {
  const [actor, setActor] = useState("");
  const [table, setTable] = useState("");
  const past = useInfiniteQuery({
    queryKey: ["history", actor, table],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      get(
        "/history",
        {
          limit: PAGE,
          ...(actor ? { actor } : {}),
          ...(table ? { table } : {}),
          ...(pageParam ? { cursor: pageParam } : {}),
        },
        { signal },
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const actorName = useActorName();
  const own = useStatus().data?.actor_id;
  const peers = usePeers().data?.peers ?? [];
  const tables = useTables().data?.tables ?? [];
  const days = useMemo(() => {
    const groups = new Map<string, PastAct[]>();
    for (const act of actsOf(past.data?.pages.flatMap((page) => page.bundles) ?? [])) {
      const day = dayOf(act.at);
      groups.set(day, [...(groups.get(day) ?? []), act]);
    }
    return [...groups];
  }, [past.data]);
  const actors = [...(own ? [own] : []), ...peers.map((peer) => peer.peer_id)];
  const narrowed = actor !== "" || table !== "";
  return (
    <section className="screen" aria-labelledby="history-title">
      <header className="screen-head">
        <h1 id="history-title">History</h1>
        <button
          type="button"
          className="button quiet-button"
          title="Every command as it was signed: who, on which device, why"
          onClick={() => go({ screen: "audit", record: null })}
        >
          <ScrollText size={14} /> Audit trail
        </button>
        <span className="space" />
        <select
          className="input"
          aria-label="By whom"
          value={actor}
          onChange={(event) => setActor(event.target.value)}
        >
          <option value="">Everybody</option>
          {actors.map((one) => (
            <option key={one} value={one}>
              {actorName(one)}
            </option>
          ))}
        </select>
        <select
          className="input"
          aria-label="In which table"
          value={table}
          onChange={(event) => setTable(event.target.value)}
        >
          <option value="">All tables</option>
          {tables.map((one) => (
            <option key={one.table_id} value={one.table_id}>
              {one.name}
            </option>
          ))}
        </select>
      </header>
      {past.isPending ? (
        <Loading what="the history" />
      ) : past.isError ? (
        <Failed error={past.error} retry={() => void past.refetch()} />
      ) : days.length === 0 ? (
        <Empty
          icon={<HistoryIcon size={28} />}
          title={narrowed ? "Nothing of that was done" : "Nothing was done yet"}
          acts={
            narrowed && (
              <button
                type="button"
                className="button"
                onClick={() => {
                  setActor("");
                  setTable("");
                }}
              >
                Show everything
              </button>
            )
          }
        >
          Whatever anybody changes is kept here, with who and when.
        </Empty>
      ) : (
        <div className="screen-body">
          {days.map(([day, acts]) => (
            <section key={day} className="day">
              <h2>{day}</h2>
              <ol className="timeline">
                {acts.map((act) => (
                  <ActLine key={act.id} act={act} who={actorName(act.actor)} own={own === act.actor} />
                ))}
              </ol>
            </section>
          ))}
          {past.hasNextPage && (
            <button
              type="button"
              className="button more"
              disabled={past.isFetchingNextPage}
              onClick={() => void past.fetchNextPage()}
            >
              {past.isFetchingNextPage ? "Loading…" : "Show earlier"}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

function ActLine({ act, who, own }: { act: PastAct; who: string; own: boolean }) {
  const [open, setOpen] = useState(false);
  const tables = useTables().data?.tables ?? [];
  const record = recordOf(act);
  const label = useLabel(record ?? "");
  const justification = act.bundles[0]?.justification;
  const held = act.bundles.some((bundle) => bundle.held);
  const there = [...act.tables.keys()].find((id) => tables.some((table) => table.table_id === id));
  const table = there ?? tables[0]?.table_id;
  const revert = async () => {
    try {
      let skipped = 0;
      for (const bundle of act.bundles) {
        const answer = await post("/history/revert", {
          bundle_id: bundle.bundle_id,
          command: { source: "app: revert" },
        });
        skipped += answer.skipped.length;
        if (answer.skipped.length > 0) toastDone(tellSkipped(answer.skipped, "back"));
      }
      if (skipped === 0) toastDone("Taken back");
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <li className="timeline-entry">
      <div className="timeline-line">
        <span className="avatar" data-own={own || undefined} aria-hidden="true">
          {who.charAt(0)}
        </span>
        <button
          type="button"
          className="timeline-what"
          aria-expanded={open}
          onClick={() => setOpen((before) => !before)}
        >
          <span>
            <strong>{who}</strong> {act.what}
            {record && label && <span className="timeline-subject"> · {label.text}</span>}
            {justification && <span className="quiet"> — {justification}</span>}
            {held && <span className="tag tag-strong">held back</span>}
          </span>
          {open ? (
            <ChevronDown size={13} aria-hidden="true" />
          ) : (
            <ChevronRight size={13} aria-hidden="true" />
          )}
        </button>
        <span className="timeline-acts">
          {table && (
            <button
              type="button"
              className="button quiet-button"
              title="Shows the table as it was right after this"
              onClick={() => go({ screen: "table", table, record: null, at: act.id })}
            >
              <Clock size={13} /> As of then
            </button>
          )}
          <button type="button" className="button quiet-button" onClick={() => void revert()}>
            <Undo2 size={13} /> Revert
          </button>
        </span>
        <time dateTime={act.at} className="quiet">
          {timeOf(act.at)}
        </time>
      </div>
      {open && <ActChanges act={act} />}
    </li>
  );
}
