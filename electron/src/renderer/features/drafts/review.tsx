/** Reviewing a draft: what it changes, before and after; where others changed the same, whose stands. */
import { FileDiff, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { post } from "../../shared/api/client";
import { useActorName, useOverlayDiff, useOverlays } from "../../shared/api/queries";
import type { DriftView, EditView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";
import { Empty, Failed, Loading } from "../../shared/ui/states";
import { toastProblem } from "../../shared/ui/toasts";
import { arrange, CellSubject, CellValue, cellWords } from "../records/change";
import { runAll } from "../records/commands";
import { changes, commitDraft, DiscardDraft } from "./draft-bar";

const by = { source: "app: draft" };

/** Changes shown of one edit: a pasted thousand is told as such. */
const CHANGES_SHOWN = 50;

export function DraftReview({ overlay_id }: { overlay_id: string }) {
  const overlays = useOverlays();
  const diff = useOverlayDiff(overlay_id);
  const overlay = overlays.data?.overlays.find((one) => one.overlay_id === overlay_id);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [discarding, setDiscarding] = useState(false);
  if ((overlays.isSuccess && !overlay) || diff.data === null) {
    return (
      <Empty icon={<FileDiff size={28} />} title="This draft is no more">
        It was committed or discarded.
      </Empty>
    );
  }
  if (diff.isError) return <Failed error={diff.error} retry={() => void diff.refetch()} />;
  if (diff.isPending || !overlay) return <Loading what="the draft" />;
  const edits = diff.data.edits.filter((edit) => !edit.undone);
  const drifts = diff.data.drifts;

  const drop = async () => {
    // Later ones first: an edit is not dropped while a later one works on what it makes.
    const numbers = [...chosen].sort((a, b) => b - a);
    setChosen(new Set());
    for (const edit_id of numbers) {
      try {
        await post("/overlays/drop", { overlay_id, edit_id, command: by });
      } catch (error) {
        toastProblem(error);
        return;
      }
    }
  };
  const decide = (drift: DriftView, choice: "keep_mine" | "use_canonical") =>
    post("/overlays/resolve", {
      overlay_id,
      choice,
      ...(drift.entity_id ? { entity_id: drift.entity_id } : {}),
      ...(drift.edge_id ? { edge_id: drift.edge_id } : {}),
      ...(drift.table_id && drift.field ? { table: drift.table_id } : {}),
      ...(drift.field ? { field: drift.field } : {}),
      command: by,
    });
  const decideAll = async (choice: "keep_mine" | "use_canonical") => {
    const refusals = await runAll(drifts.map((drift) => () => decide(drift, choice)));
    if (refusals.length > 0) toastProblem(refusals[0]);
  };

  return (
    <section className="screen" aria-labelledby="review-title">
      <header className="screen-head">
        <h1 id="review-title">{overlay.name}</h1>
        <span className="count">{changes(edits.length)}</span>
        <span className="space" />
        {chosen.size > 0 && (
          <button type="button" className="button" onClick={() => void drop()}>
            Take out {chosen.size}
          </button>
        )}
        <button type="button" className="button" onClick={() => setDiscarding(true)}>
          Discard
        </button>
        <button
          type="button"
          className="button accent"
          disabled={edits.length === 0 || drifts.length > 0}
          title={drifts.length > 0 ? "Decide first where others changed the same" : ""}
          onClick={() => void commitDraft(overlay)}
        >
          Commit
        </button>
      </header>
      <div className="screen-body">
        {drifts.length > 0 && (
          <article className="card card-warn">
            <header className="card-head">
              <TriangleAlert size={15} aria-hidden="true" />
              <strong>Others changed what this draft changes</strong>
              <span className="space" />
              {drifts.length > 1 && (
                <>
                  <button type="button" className="button" onClick={() => void decideAll("keep_mine")}>
                    Keep all of mine
                  </button>
                  <button type="button" className="button" onClick={() => void decideAll("use_canonical")}>
                    Use all of theirs
                  </button>
                </>
              )}
            </header>
            {drifts.map((drift) => (
              <DriftLine
                key={`${drift.entity_id ?? drift.edge_id} ${drift.kind} ${drift.field}`}
                drift={drift}
                onDecide={(choice) => void decide(drift, choice).catch(toastProblem)}
              />
            ))}
          </article>
        )}
        {edits.length === 0 && drifts.length === 0 ? (
          <Empty icon={<FileDiff size={28} />} title="Nothing in it yet">
            Go on editing tables: what you change gathers here.
          </Empty>
        ) : (
          <table className="plain-table review">
            <thead>
              <tr>
                <th scope="col">
                  <span className="hidden">Choose</span>
                </th>
                <th scope="col">Record</th>
                <th scope="col">Field</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
                <th scope="col">When</th>
              </tr>
            </thead>
            <tbody>
              {edits.map((edit) => (
                <EditLines
                  key={edit.edit_id}
                  edit={edit}
                  chosen={chosen.has(edit.edit_id)}
                  onChoose={(on) =>
                    setChosen((before) => {
                      const next = new Set(before);
                      if (on) next.add(edit.edit_id);
                      else next.delete(edit.edit_id);
                      return next;
                    })
                  }
                />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {discarding && <DiscardDraft overlay={overlay} onClose={() => setDiscarding(false)} />}
    </section>
  );
}

function EditLines(props: { edit: EditView; chosen: boolean; onChoose: (on: boolean) => void }) {
  const { edit } = props;
  const changes = arrange(
    edit.changes,
    (change) => change,
    (change) => change.after,
  );
  const shown = changes.slice(0, CHANGES_SHOWN);
  const more = changes.length - shown.length;
  return (
    <>
      {shown.map(({ change, first, made }, index) => (
        <tr
          key={`${change.entity_id ?? change.edge_id} ${change.kind} ${change.field}`}
          data-first={index === 0 || undefined}
        >
          <td>
            {index === 0 && (
              <input
                type="checkbox"
                aria-label={`Choose change ${edit.edit_id}`}
                checked={props.chosen}
                onChange={(event) => props.onChoose(event.target.checked)}
              />
            )}
          </td>
          <td>{first && <CellSubject cell={change} made={made} />}</td>
          <td>{cellWords(change)}</td>
          <td className="before">{!made && <CellValue cell={change} value={change.before} />}</td>
          <td className="after">
            <CellValue cell={change} value={change.after} />
          </td>
          <td className="quiet">{index === 0 ? ago(edit.at) : ""}</td>
        </tr>
      ))}
      {more > 0 && (
        <tr>
          <td />
          <td colSpan={5} className="quiet">
            and {more.toLocaleString("en")} more of the same act
          </td>
        </tr>
      )}
    </>
  );
}

function DriftLine(props: { drift: DriftView; onDecide: (choice: "keep_mine" | "use_canonical") => void }) {
  const { drift } = props;
  const actorName = useActorName();
  const theirs = drift.canonical.at(-1);
  return (
    <div className="drift">
      <div className="drift-about">
        <CellSubject cell={drift} /> · <strong>{cellWords(drift)}</strong>
      </div>
      <button type="button" className="choice" onClick={() => props.onDecide("keep_mine")}>
        <span className="choice-value">
          <CellValue cell={drift} value={drift.mine} />
        </span>
        <span className="choice-who">Keep mine</span>
      </button>
      <button type="button" className="choice" onClick={() => props.onDecide("use_canonical")}>
        <span className="choice-value">
          <CellValue cell={drift} value={theirs?.value ?? null} />
        </span>
        <span className="choice-who">
          Use canonical{theirs ? ` · ${actorName(theirs.actor_id)}, ${ago(theirs.at)}` : ""}
        </span>
      </button>
    </div>
  );
}
