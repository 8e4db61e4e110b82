/** Chooses what a reference field follows: through which field or link, of which table, which field. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { get, post } from "../../shared/api/client";
import { EngineProblem } from "../../shared/api/problem";
import { useTables } from "../../shared/api/queries";
import type { FieldView, TableView } from "../../shared/api/schema";
import { readKept } from "../../shared/kept";
import { Dialog } from "../../shared/ui/dialog";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { EdgeKind } from "../record/edge-kind";
import { useLabel } from "../records/labels";
import { isEntity } from "../values/value";
import {
  circleWords,
  EDGE,
  firstChoice,
  type ReferenceChoice,
  readChoice,
  roads,
  targets,
} from "./reference";

/** So many records are looked at to guess where a field leads. */
const LOOKED_AT = 50;

export type Choosing = {
  /** What is chosen; where nobody chose yet, what is most likely meant. */
  choice: ReferenceChoice;
  choose: (choice: ReferenceChoice) => void;
  roads: readonly FieldView[];
  tables: readonly TableView[];
  fields: readonly FieldView[];
};

/** What a reference field of `table` is to follow. `own` is that field; `null` while it is being made. */
export function useReference(table: TableView, own: FieldView | null): Choosing {
  const tables = useTables().data?.tables ?? [];
  const [chosen, choose] = useState<ReferenceChoice | null>(null);
  const choice = chosen ?? firstChoice(table, tables, own?.reference ?? null);
  const through = roads(table);
  const guessed = useLeadsTo(
    table,
    through.find((field) => field.field_id === choice.through),
  );
  const target = tables.find((one) => one.table_id === (choice.table || guessed)) ?? tables[0];
  const fields = targets(target, own);
  const shown = fields.find((field) => field.field_id === choice.field) ?? fields[0];
  return {
    choice: { ...choice, table: target?.table_id ?? "", field: shown?.field_id ?? "" },
    choose,
    roads: through,
    tables,
    fields,
  };
}

export function ReferenceChooser({ choice, choose, roads: through, tables, fields }: Choosing) {
  const byLink = choice.through === EDGE;
  return (
    <fieldset className="form reference">
      <legend className="hidden">Shows what another record says</legend>
      <label>
        Leads on through
        <select
          className="input"
          value={choice.through}
          onChange={(event) => choose({ ...choice, through: event.target.value, table: "", field: "" })}
        >
          {through.map((field) => (
            <option key={field.field_id} value={field.field_id}>
              The field “{field.name}”
            </option>
          ))}
          <option value={EDGE}>A link of the record</option>
        </select>
      </label>
      {byLink && (
        <div className="labelled">
          <span aria-hidden="true">Kind of link</span>
          <EdgeKind value={choice.kind} onChange={(kind) => choose({ ...choice, kind })} />
        </div>
      )}
      <label>
        To a record of
        <select
          className="input"
          value={choice.table}
          onChange={(event) => choose({ ...choice, table: event.target.value, field: "" })}
        >
          {tables.map((one) => (
            <option key={one.table_id} value={one.table_id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        And shows its
        <select
          className="input"
          value={choice.field}
          onChange={(event) => choose({ ...choice, field: event.target.value })}
        >
          {fields.map((field) => (
            <option key={field.field_id} value={field.field_id}>
              {field.name}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}

/** The table that the records of a field are in: the one that was picked from last, or that of the first value. */
function useLeadsTo(table: TableView, road: FieldView | undefined): string | null {
  const kept = road ? readKept<string | null>(`openprod.picker.${road.field_id}`, null) : null;
  const looked = useQuery({
    queryKey: ["records", table.table_id, "leads to", road?.name],
    // A table that is only being made has no records.
    enabled: road !== undefined && kept === null && table.table_id !== "",
    queryFn: async ({ signal }) => {
      const page = await get("/records/list", { table: table.table_id, limit: LOOKED_AT }, { signal });
      const values = page.records.map((record) => record.fields[road?.name ?? ""]);
      return values.find(isEntity)?.entity ?? null;
    },
  });
  const label = useLabel(looked.data ?? "");
  return road ? (kept ?? label?.table ?? null) : null;
}

/** Lets a reference field follow something else. */
export function FollowField(props: { table: TableView; field: FieldView; onClose: () => void }) {
  const { table, field, onClose } = props;
  const choosing = useReference(table, field);
  const [refused, setRefused] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const reference = readChoice(choosing.choice);
    if (!reference) return;
    try {
      const command = { source: "app: table" };
      await post("/tables/follow", { table: table.table_id, field: field.field_id, reference, command });
      toastDone(`“${field.name}” follows something else now`);
      onClose();
    } catch (error) {
      const circle = tellCircle(error);
      if (circle) setRefused(circle);
      else toastProblem(error);
    }
  };
  return (
    <Dialog open onClose={onClose} title={`What “${field.name}” shows`}>
      <form className="form" onSubmit={submit}>
        <ReferenceChooser
          {...choosing}
          choose={(next) => {
            setRefused(null);
            choosing.choose(next);
          }}
        />
        {refused && (
          <p className="note bad" role="alert">
            {refused}
          </p>
        )}
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Follow it
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What to say when a reference would lead back to itself; `null` of any other refusal. */
function tellCircle(error: unknown): string | null {
  if (!(error instanceof EngineProblem) || error.code !== "reference_cycle") return null;
  const circle = circleWords(error.document.known);
  return `That would lead in a circle: ${circle}. Choose a field that does not follow this one.`;
}
