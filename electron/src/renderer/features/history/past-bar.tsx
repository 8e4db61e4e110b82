/** Says that the past is looked at, whose act it was seen after, and leads back to now. */

import { useQuery } from "@tanstack/react-query";
import { Clock } from "lucide-react";
import { get } from "../../shared/api/client";
import { queryClient, useActorName } from "../../shared/api/queries";
import type { History } from "../../shared/api/schema";
import { dayOf, timeOf } from "../../shared/moment";
import { go } from "../../shared/route";
import { actsOf } from "./acts";

const LOOKED_AT = 1_000;

export function PastBar({ table, at }: { table: string; at: string }) {
  const actorName = useActorName();
  const bundle = useQuery({
    queryKey: ["bundle", at],
    queryFn: async ({ signal }) => {
      const known = queryClient
        .getQueriesData<{ pages: History[] }>({ queryKey: ["history"] })
        .flatMap(([, data]) => data?.pages.flatMap((page) => page.bundles) ?? [])
        .find((one) => one.bundle_id === at);
      if (known) return known;
      const { bundles } = await get("/history", { limit: LOOKED_AT, table }, { signal });
      return bundles.find((one) => one.bundle_id === at) ?? null;
    },
  }).data;
  const [act] = bundle ? actsOf([bundle]) : [];
  return (
    <section className="past-bar" aria-label="The past">
      <Clock size={15} aria-hidden="true" />
      <strong>
        {bundle ? `As it was ${dayOf(bundle.at).toLowerCase()}, ${timeOf(bundle.at)}` : "As it was then"}
      </strong>
      {bundle && act && (
        <span className="past-about">
          right after {actorName(bundle.actor_id).replace(/^You$/, "you")} {act.what}
        </span>
      )}
      <span className="space" />
      <button
        type="button"
        className="button"
        onClick={() => go({ screen: "table", table, record: null, at: null })}
      >
        Back to now
      </button>
    </section>
  );
}
