/** All open conflicts, grouped by record; one by one or many at once. Never in the way of editing. */
import { CircleCheckBig } from "lucide-react";
import { useMemo, useState } from "react";
import { useActorName, useConflicts, useStatus } from "../../shared/api/queries";
import type { ConflictView } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Menu, MenuItem } from "../../shared/ui/menu";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { runAll } from "../records/commands";
import { useLabel } from "../records/labels";
import { aboutConflict, Choices, resolveConflict, useConflictView } from "./choices";

type Pick = (conflict: ConflictView) => string | undefined;

export function ConflictInbox() {
  const conflicts = useConflicts();
  const own = useStatus().data?.actor_id;
  const actorName = useActorName();
  const [busy, setBusy] = useState(false);
  const groups = useMemo(() => {
    const bySubject = new Map<string, ConflictView[]>();
    for (const conflict of conflicts.data?.conflicts ?? []) {
      const subject = conflict.entity_id ?? conflict.edge_id ?? "";
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), conflict]);
    }
    return [...bySubject];
  }, [conflicts.data]);
  if (conflicts.isPending) return <Loading what="conflicts" />;
  if (conflicts.isError) return <Failed error={conflicts.error} retry={() => void conflicts.refetch()} />;
  const all = conflicts.data.conflicts;

  const decideAll = async (pick: Pick) => {
    setBusy(true);
    const commands = all.flatMap((conflict) => {
      const op_id = pick(conflict);
      return op_id === undefined ? [] : [() => resolveConflict(conflict.conflict_id, { op_id })];
    });
    const refusals = await runAll(commands);
    setBusy(false);
    if (refusals.length > 0) toastProblem(refusals[0]);
    else toastDone(`Decided ${commands.length} conflicts`);
  };
  const others = [...new Set(all.flatMap((conflict) => conflict.values.map((value) => value.actor_id)))];

  return (
    <section className="screen" aria-labelledby="conflicts-title">
      <header className="screen-head">
        <h1 id="conflicts-title">Conflicts</h1>
        <span className="count">{all.length === 0 ? "" : `${all.length} open`}</span>
        <span className="space" />
        {all.length > 1 && (
          <Menu
            align="end"
            button={
              <button type="button" className="button" disabled={busy}>
                Decide all…
              </button>
            }
          >
            <MenuItem onChoose={() => void decideAll((conflict) => conflict.values.at(-1)?.op_id)}>
              Take the latest
            </MenuItem>
            <MenuItem onChoose={() => void decideAll((conflict) => conflict.shown)}>
              Keep what is shown
            </MenuItem>
            {others.map((actor) => (
              <MenuItem
                key={actor}
                onChoose={() =>
                  void decideAll(
                    (conflict) => conflict.values.findLast((value) => value.actor_id === actor)?.op_id,
                  )
                }
              >
                {actor === own ? "Take mine" : `Take those of ${actorName(actor)}`}
              </MenuItem>
            ))}
          </Menu>
        )}
      </header>
      {all.length === 0 ? (
        <Empty icon={<CircleCheckBig size={28} />} title="No conflicts">
          When two people change the same cell without having seen each other, both values are kept and shown
          here.
        </Empty>
      ) : (
        <div className="screen-body">
          {groups.map(([subject, group]) => (
            <article key={subject} className="card">
              <ConflictHead conflict={group[0] as ConflictView} />
              {group.map((conflict) => (
                <div key={conflict.conflict_id} className="conflict">
                  <h2>{aboutConflict(conflict)}</h2>
                  <Choices conflict={conflict} />
                </div>
              ))}
            </article>
          ))}
        </div>
      )}
    </section>
  );
}

function ConflictHead({ conflict }: { conflict: ConflictView }) {
  const { entity_id, table_id, table } = conflict;
  const about = useConflictView(conflict);
  const label = useLabel(about ? "" : (entity_id ?? ""));
  if (about) {
    return (
      <header className="card-head">
        <span className="quiet">View of {about.table.name}</span>
        <strong>{about.view.name}</strong>
      </header>
    );
  }
  return (
    <header className="card-head">
      <span className="quiet">{table ?? "Link"}</span>
      {entity_id && table_id ? (
        <button
          type="button"
          className="link"
          onClick={() => go({ screen: "table", table: table_id, record: entity_id })}
        >
          {label?.text ?? "…"}
        </button>
      ) : (
        <strong>{label?.text ?? "A link between records"}</strong>
      )}
    </header>
  );
}
