/** Who wrote a field, and when: newest first. */
import { useQuery } from "@tanstack/react-query";
import { getJson } from "../../shared/api/client";
import { isMissingRoute } from "../../shared/api/problem";
import { useActorName } from "../../shared/api/queries";
import type { FieldView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";
import { Failed, Loading } from "../../shared/ui/states";
import type { Value } from "../values/value";
import { ValueView } from "../values/value-view";

type Entry = { op_id?: string; actor_id: string; at: string; value: Value };

/** Reads what the engine tells, which names its list `history` or `entries`. */
function readEntries(answer: unknown): Entry[] {
  const lists = answer as { history?: Entry[]; entries?: Entry[] } | null;
  const list = lists?.history ?? lists?.entries ?? [];
  return list.filter((entry) => typeof entry.actor_id === "string" && typeof entry.at === "string");
}

export function FieldHistory({ entity, field }: { entity: string; field: FieldView }) {
  const actorName = useActorName();
  const past = useQuery({
    queryKey: ["record", entity, "history", field.field_id],
    queryFn: async ({ signal }) =>
      readEntries(
        await getJson(`/records/${entity}/history?field=${encodeURIComponent(field.name)}`, signal),
      ),
  });
  if (past.isPending) return <Loading what="its history" />;
  if (past.isError) {
    if (isMissingRoute(past.error))
      return <p className="quiet">This engine does not tell the history of a field yet.</p>;
    return <Failed error={past.error} retry={() => void past.refetch()} />;
  }
  if (past.data.length === 0) return <p className="quiet">Nobody has written here yet.</p>;
  return (
    <ol className="field-history">
      {past.data.map((entry) => (
        <li key={entry.op_id ?? `${entry.actor_id} ${entry.at}`}>
          <span>
            {entry.value == null ? (
              <em className="quiet">Emptied</em>
            ) : (
              <ValueView value={entry.value} field={field} />
            )}
          </span>
          <small className="quiet">
            {actorName(entry.actor_id)} · {ago(entry.at)}
          </small>
        </li>
      ))}
    </ol>
  );
}
