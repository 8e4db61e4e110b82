/** The values that stand against each other in a conflict, and deciding between them or for a third. */
import { type FormEvent, useState } from "react";
import { post } from "../../shared/api/client";
import { useActorName, useTables } from "../../shared/api/queries";
import type { ConflictView, FieldView, SavedView, TableView } from "../../shared/api/schema";
import { ago } from "../../shared/moment";
import { toastProblem } from "../../shared/ui/toasts";
import { findByLabel } from "../records/labels";
import { parseValue, type Value } from "../values/value";
import { ValueView } from "../values/value-view";
import { useAllViews } from "../views/queries";
import { settingsWords } from "../views/settings";

export function resolveConflict(conflict_id: string, decision: { op_id: string } | { value: Value }) {
  return post("/conflicts/resolve", { conflict_id, ...decision, command: { source: "app: conflict" } });
}

/** What the conflict is about, in words. */
export function aboutConflict(conflict: ConflictView): string {
  switch (conflict.kind) {
    case "existence":
      return "Deleted and restored";
    case "membership":
      return `In ${conflict.table ?? "the table"} and out of it`;
    case "deletion":
      return "Deleted and edited";
    default:
      if (conflict.table === null && conflict.field === "settings") return "What it shows";
      return conflict.field ?? conflict.kind;
  }
}

export function useConflictField(conflict: ConflictView): FieldView | undefined {
  const tables = useTables().data?.tables;
  const table = tables?.find((one) => one.table_id === conflict.table_id);
  return table?.fields.find((field) => field.name === conflict.field);
}

/** The saved view that a conflict is about, and the fields of its table. */
export function useConflictView(conflict: ConflictView): { view: SavedView; table: TableView } | null {
  const views = useAllViews();
  const tables = useTables().data?.tables ?? [];
  const view = views.find((one) => one.view_id === conflict.entity_id);
  const table = tables.find((one) => one.table_id === view?.table_id);
  return view && table ? { view, table } : null;
}

export function Choices({ conflict, onDecided }: { conflict: ConflictView; onDecided?: () => void }) {
  const field = useConflictField(conflict);
  const actorName = useActorName();
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const decide = async (decision: { op_id: string } | { value: Value }) => {
    try {
      await resolveConflict(conflict.conflict_id, decision);
      onDecided?.();
    } catch (error) {
      toastProblem(error);
    }
  };
  const third = (event: FormEvent) => {
    event.preventDefault();
    if (!field) return;
    const parsed = parseValue(text, field, findByLabel);
    if ("error" in parsed) setFault(`Write ${parsed.error}`);
    else void decide(parsed);
  };
  return (
    <div className="choices">
      {conflict.values.map((choice) => (
        <button
          type="button"
          key={choice.op_id}
          className="choice"
          data-shown={choice.op_id === conflict.shown || undefined}
          onClick={() => void decide({ op_id: choice.op_id })}
        >
          <span className="choice-value">
            <ChoiceValue conflict={conflict} value={choice.value} field={field} />
          </span>
          <span className="choice-who">
            {actorName(choice.actor_id)} · {ago(choice.at)}
            {choice.op_id === conflict.shown && <span className="tag">shown now</span>}
          </span>
        </button>
      ))}
      {field && (
        <form className="choice-third" onSubmit={third}>
          <input
            className="input"
            aria-label="Another value"
            placeholder="Or type another value"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setFault(null);
            }}
          />
          <button type="submit" className="button" disabled={text === ""}>
            Use
          </button>
          {fault && (
            <p className="bad" role="alert">
              {fault}
            </p>
          )}
        </form>
      )}
    </div>
  );
}

function ChoiceValue(props: { conflict: ConflictView; value: Value; field: FieldView | undefined }) {
  const { conflict, value, field } = props;
  const about = useConflictView(conflict);
  if (about && conflict.field === "settings" && typeof value === "string")
    return <>{settingsWords(value, about.table.fields)}</>;
  if (field && !(conflict.kind === "deletion" && typeof value === "boolean" && field.type !== "boolean")) {
    return value === null ? <em className="quiet">Empty</em> : <ValueView value={value} field={field} />;
  }
  if (typeof value === "boolean") return <>{value ? "Keep it" : "Delete it"}</>;
  return <>{value === null ? "Empty" : String(value)}</>;
}
