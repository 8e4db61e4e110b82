/**
 * “While you were away”: what others did since this page last saw the workspace, by person.
 *
 * How far it was seen is kept in this browser, as the newest bundle; it moves on when the person says so.
 */
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect } from "react";
import { currentWorkspace, get } from "../../shared/api/client";
import { useActorName, useStatus } from "../../shared/api/queries";
import type { BundleView } from "../../shared/api/schema";
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
  const quiet = bundles !== undefined && own !== undefined && acts.length === 0;
  useEffect(() => {
    if (quiet && newest !== null && newest !== seen && document.visibilityState === "visible")
      setSeen(newest);
  }, [quiet, newest, seen, setSeen]);
  if (acts.length === 0) return null;
  const people = new Map<string, PastAct[]>();
  for (const act of acts) people.set(act.actor, [...(people.get(act.actor) ?? []), act]);
  return (
    <aside className="away" aria-label="While you were away">
      <strong>New from others</strong>
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
