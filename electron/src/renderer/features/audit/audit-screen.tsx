/** The audit trail: every command as it was signed, by whom, on which device, and why. Of all, or of one record. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, ScrollText } from "lucide-react";
import { useState } from "react";
import { get } from "../../shared/api/client";
import { useActorName, usePeers, useStatus, useTables } from "../../shared/api/queries";
import type { AuditEntryView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";
import { go } from "../../shared/route";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { ActChanges } from "../history/act-changes";
import { useLabel } from "../records/labels";
import { commandWords, repetitionWords } from "./entry";

const PAGE = 60;

export function AuditScreen({ record }: { record: string | null }) {
  const [actor, setActor] = useState("");
  const [table, setTable] = useState("");
  const trail = useInfiniteQuery({
    queryKey: ["history", "audit", record, actor, table],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      get(
        "/audit/list",
        {
          limit: PAGE,
          ...(record ? { entity: record } : {}),
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
  const label = useLabel(record ?? "");
  const entries = trail.data?.pages.flatMap((page) => page.entries) ?? [];
  const actors = [...(own ? [own] : []), ...peers.map((peer) => peer.peer_id)];
  return (
    <section className="screen" aria-labelledby="audit-title">
      <header className="screen-head">
        <h1 id="audit-title">Audit trail</h1>
        {record && (
          <button
            type="button"
            className="tag"
            title="Show all"
            onClick={() => go({ screen: "audit", record: null })}
          >
            only of {label?.text ?? "…"} ×
          </button>
        )}
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
      {trail.isPending ? (
        <Loading what="the audit trail" />
      ) : trail.isError ? (
        <Failed error={trail.error} retry={() => void trail.refetch()} />
      ) : entries.length === 0 ? (
        <Empty icon={<ScrollText size={28} />} title="No commands">
          Every command that anybody gives is kept with its signature: who, when, on which device, and why.
        </Empty>
      ) : (
        <div className="screen-body">
          <ol className="timeline audit">
            {entries.map((entry) => (
              <EntryLine key={entry.bundle_id} entry={entry} all={entries} own={own} />
            ))}
          </ol>
          {trail.hasNextPage && (
            <button
              type="button"
              className="button more"
              disabled={trail.isFetchingNextPage}
              onClick={() => void trail.fetchNextPage()}
            >
              {trail.isFetchingNextPage ? "Loading…" : "Show earlier"}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

function EntryLine(props: {
  entry: AuditEntryView;
  all: readonly AuditEntryView[];
  own: string | undefined;
}) {
  const { entry, all, own } = props;
  const [open, setOpen] = useState(false);
  const actorName = useActorName();
  const who = actorName(entry.actor_id);
  const repetition = repetitionWords(entry, all, (actor) =>
    actor === own ? "this device" : actorName(actor),
  );
  return (
    <li className="timeline-entry">
      <div className="timeline-line">
        <span className="avatar" data-own={own === entry.actor_id || undefined} aria-hidden="true">
          {who.charAt(0)}
        </span>
        <button
          type="button"
          className="timeline-what"
          aria-expanded={open}
          onClick={() => setOpen((before) => !before)}
        >
          <span>
            <strong>{who}</strong> {commandWords(entry.command_type)}
            {entry.source && <span className="quiet"> by {entry.source}</span>}
            {entry.justification && <span className="quiet"> — {entry.justification}</span>}
            {repetition && <span className="tag tag-strong">{repetition}</span>}
            {entry.command_reused && (
              <span className="tag tag-strong" title="Other facts were recorded under the same command id">
                command id used twice
              </span>
            )}
            {entry.held && <span className="tag">held back</span>}
          </span>
          {open ? (
            <ChevronDown size={13} aria-hidden="true" />
          ) : (
            <ChevronRight size={13} aria-hidden="true" />
          )}
        </button>
        <time dateTime={entry.at} className="quiet">
          {ago(entry.at)}
        </time>
      </div>
      {open && <EntryDetails entry={entry} />}
    </li>
  );
}

function EntryDetails({ entry }: { entry: AuditEntryView }) {
  const facts: [string, string | null | undefined][] = [
    ["Command", entry.command_id],
    ["Actor", entry.actor_id],
    ["Device's log", `${entry.device}, number ${entry.seq}`],
    ["Signed bundle", entry.bundle_id],
    ["Time", entry.at],
    ["Reason", entry.justification],
    ["Approval", entry.approval_id],
    ["Caused by", entry.causation_id],
    ["Part of", entry.correlation_id],
    ["Repeats", entry.repeats],
    [
      "Decided on",
      entry.decision
        ? `${entry.decision.count} facts that match ${JSON.stringify(entry.decision.context)}`
        : null,
    ],
  ];
  return (
    <>
      <dl className="audit-facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <ActChanges act={{ changes: entry.changes, omitted: entry.changes_omitted }} />
    </>
  );
}
