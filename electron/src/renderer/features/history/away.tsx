/**
 * “While you were away”: what others did since this page last saw the workspace, by person.
 *
 * How far it was seen is kept in this browser, as the newest bundle; it moves on when the person says so.
 */
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { currentWorkspace, get } from "../../shared/api/client";
import { useActorName, useStatus } from "../../shared/api/queries";
import type { BundleView } from "../../shared/api/schema";
import { subscribeLink } from "../../shared/api/socket";
import { useKept } from "../../shared/kept";
import { go } from "../../shared/route";
import { actsOf, type PastAct } from "./acts";

const LOOKED_AT = 200;

/** What others did after the bundle that was seen last; deletions first, since they may hurt most. */
export function missed(bundles: readonly BundleView[], seen: string | null, own: string): PastAct[] {
  const end = bundles.findIndex((bundle) => bundle.bundle_id === seen);
  if (seen === null) return [];
  const since = end < 0 ? bundles : bundles.slice(0, end);
  const acts = actsOf(since.filter((bundle) => bundle.actor_id !== own));
  const deletes = (act: PastAct) => act.bundles.some((bundle) => bundle.command_type.endsWith(".delete"));
  return [...acts.filter(deletes), ...acts.filter((act) => !deletes(act))];
}

export function Away() {
  const own = useStatus().data?.actor_id;
  const actorName = useActorName();
  const [seen, setSeen] = useKept<string | null>(`openprod.seen.${currentWorkspace()}`, null);
  const past = useQuery({
    queryKey: ["history", "since"],
    queryFn: ({ signal }) => get("/history", { limit: LOOKED_AT }, { signal }),
  });
  const bundles = past.data?.bundles;
  const newest = bundles?.[0]?.bundle_id ?? null;
  const acts = bundles && own ? missed(bundles, seen, own) : [];
  // Whoever watches sees things happen: only what came while the page was hidden or cut off is told.
  const away = useRef(true);
  useEffect(() => {
    const leave = () => {
      away.current = true;
    };
    const onVisibility = () => document.visibilityState === "hidden" && leave();
    document.addEventListener("visibilitychange", onVisibility);
    const stop = subscribeLink(leave);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stop();
    };
  }, []);
  const known = bundles !== undefined && own !== undefined;
  const some = acts.length > 0;
  useEffect(() => {
    if (!known || newest === null || document.visibilityState === "hidden") return;
    if (some && away.current) return;
    away.current = false;
    if (newest !== seen) setSeen(newest);
  }, [known, some, newest, seen, setSeen]);
  if (!some || !away.current) return null;
  const people = new Map<string, PastAct[]>();
  for (const act of acts) people.set(act.actor, [...(people.get(act.actor) ?? []), act]);
  return (
    <aside className="away" aria-label="While you were away">
      <strong>While you were away</strong>
      <ul>
        {[...people].slice(0, 3).map(([actor, done]) => (
          <li key={actor}>
            {actorName(actor)} {done[0]?.what}
            {done.length > 1 && <span className="quiet"> and {done.length - 1} more</span>}
          </li>
        ))}
      </ul>
      <span className="space" />
      <button type="button" className="link" onClick={() => go({ screen: "history" })}>
        Show all
      </button>
      <button type="button" className="icon-button" aria-label="Seen" onClick={() => setSeen(newest)}>
        <X size={14} />
      </button>
    </aside>
  );
}
