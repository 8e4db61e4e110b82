/** Who wrote a field, and when: newest first, with what was written. */
import { useQuery } from "@tanstack/react-query";
import { get } from "../../shared/api/client";
import { useActorName } from "../../shared/api/queries";
import type { BundleView, FieldView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";
import { go } from "../../shared/route";
import { Failed, Loading } from "../../shared/ui/states";
import { commandWords } from "../audit/entry";
import type { Value } from "../values/value";
import { ValueView } from "../values/value-view";

/** Bundles asked for: enough to see who changed what lately. */
const SHOWN_MAX = 50;

type Entry = { key: string; actor: string; at: string; shown: boolean; what: string; why: string | null } & (
  | { kind: "wrote"; value: Value }
  | { kind: "edited"; bytes: number }
);

/** What bundles did to one field, in their order. */
export function entriesOf(bundles: readonly BundleView[], entity: string, field: string): Entry[] {
  return bundles.flatMap((bundle) =>
    bundle.changes.flatMap((change): Entry[] => {
      const by = {
        key: change.op_id,
        actor: bundle.actor_id,
        at: bundle.at,
        shown: change.shown,
        what: [commandWords(bundle.command_type), bundle.source].filter(Boolean).join(", by "),
        why: bundle.justification ?? null,
      };
      if (change.deed !== "wrote" && change.deed !== "edited") return [];
      if (change.kind !== "field" || change.field !== field || change.entity_id !== entity) return [];
      return change.deed === "wrote"
        ? [{ ...by, kind: "wrote", value: change.value }]
        : [{ ...by, kind: "edited", bytes: change.bytes }];
    }),
  );
}

export function FieldHistory(props: { entity: string; table: string; field: FieldView }) {
  const { entity, table, field } = props;
  const actorName = useActorName();
  const past = useQuery({
    queryKey: ["record", entity, "history", field.field_id],
    queryFn: async ({ signal }) => {
      const query = { field: field.name, table, limit: SHOWN_MAX };
      const { bundles } = await get("/records/{id}/history", query, { signal, id: entity });
      return entriesOf(bundles, entity, field.name);
    },
  });
  if (past.isPending) return <Loading what="its history" />;
  if (past.isError) return <Failed error={past.error} retry={() => void past.refetch()} />;
  if (past.data.length === 0) return <p className="quiet field-history">Nobody has written here yet.</p>;
  return (
    <ol className="field-history">
      {past.data.map((entry) => (
        <li key={entry.key} data-shown={entry.shown || undefined}>
          <span className="field-history-value">
            {entry.kind === "edited" ? (
              <span className="quiet">Wrote in the text</span>
            ) : entry.value === null ? (
              <em className="quiet">Emptied</em>
            ) : (
              <ValueView value={entry.value} field={field} />
            )}
          </span>
          <small className="quiet">
            <span title={entry.what}>
              {actorName(entry.actor)} · {ago(entry.at)}
            </span>
            {entry.why && <> — {entry.why}</>}
          </small>
        </li>
      ))}
      <li className="field-history-more">
        <button type="button" className="link" onClick={() => go({ screen: "audit", record: entity })}>
          Commands, devices and reasons
        </button>
      </li>
    </ol>
  );
}
