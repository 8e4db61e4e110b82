/** What was done, newest first, day by day; taking an act back where the engine can. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { History as HistoryIcon, Undo2 } from "lucide-react";
import { useMemo, useState } from "react";
import { get, postJson } from "../../shared/api/client";
import { useActorName, useCan, useStatus } from "../../shared/api/queries";
import { dayOf, timeOf } from "../../shared/moment";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { actsOf, type PastAct } from "./acts";

const PAGE = 100;

export function HistoryScreen() {
  const past = useInfiniteQuery({
    queryKey: ["history"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      get("/history", { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const actorName = useActorName();
  const [actor, setActor] = useState("");
  const bundles = useMemo(() => past.data?.pages.flatMap((page) => page.bundles) ?? [], [past.data]);
  const actors = useMemo(() => [...new Set(bundles.map((bundle) => bundle.actor_id))], [bundles]);
  const days = useMemo(() => {
    const groups = new Map<string, PastAct[]>();
    for (const act of actsOf(bundles)) {
      if (actor !== "" && act.actor !== actor) continue;
      const day = dayOf(act.at);
      groups.set(day, [...(groups.get(day) ?? []), act]);
    }
    return [...groups];
  }, [bundles, actor]);
  if (past.isPending) return <Loading what="the history" />;
  if (past.isError) return <Failed error={past.error} retry={() => void past.refetch()} />;
  return (
    <section className="screen" aria-labelledby="history-title">
      <header className="screen-head">
        <h1 id="history-title">History</h1>
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
      </header>
      <div className="screen-body">
        {days.length === 0 && (
          <Empty icon={<HistoryIcon size={28} />} title="Nothing was done yet">
            Whatever anybody changes is kept here, with who and when.
          </Empty>
        )}
        {days.map(([day, acts]) => (
          <section key={day} className="day">
            <h2>{day}</h2>
            <ol className="timeline">
              {acts.map((act) => (
                <ActLine key={act.id} act={act} who={actorName(act.actor)} />
              ))}
            </ol>
          </section>
        ))}
        {past.hasNextPage && (
          <button
            type="button"
            className="button"
            disabled={past.isFetchingNextPage}
            onClick={() => void past.fetchNextPage()}
          >
            {past.isFetchingNextPage ? "Loading…" : "Show earlier"}
          </button>
        )}
      </div>
    </section>
  );
}

function ActLine({ act, who }: { act: PastAct; who: string }) {
  const canRevert = useCan("/history/revert");
  const own = useStatus().data?.actor_id === act.actor;
  const justification = act.bundles[0]?.justification;
  const revert = async () => {
    try {
      for (const bundle of act.bundles) await postJson("/history/revert", { bundle_id: bundle.bundle_id });
      toastDone("Taken back");
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <li className="timeline-line">
      <span className="avatar" data-own={own || undefined} aria-hidden="true">
        {who.charAt(0)}
      </span>
      <span className="timeline-what">
        <strong>{who}</strong> {act.what}
        {justification && <small className="quiet">{justification}</small>}
      </span>
      <time dateTime={act.at} className="quiet">
        {timeOf(act.at)}
      </time>
      {canRevert && (
        <button type="button" className="button quiet-button" onClick={() => void revert()}>
          <Undo2 size={13} /> Revert
        </button>
      )}
    </li>
  );
}
