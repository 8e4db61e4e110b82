/** Makes a table: its name and first fields. */
import { Plus, X } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { post } from "../../shared/api/client";
import { queryClient, useTables } from "../../shared/api/queries";
import type { FieldView, ReferenceToMake } from "../../shared/api/schema";
import { go } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { toastProblem } from "../../shared/ui/toasts";
import { FIELD_TYPES, REFERENCE, readOptions } from "./field-forms";
import { readChoice } from "./reference";
import { ReferenceChooser, useReference } from "./reference-form";

type Draft = {
  key: number;
  name: string;
  type: string;
  options: string;
  /** What a reference field follows; `null` while something is missing. */
  reference: ReferenceToMake | null;
};

const FIRST: Draft[] = [
  { key: 0, name: "name", type: "text", options: "", reference: null },
  { key: 1, name: "notes", type: "text", options: "", reference: null },
];

export function CreateTable({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [fields, setFields] = useState(FIRST);
  const tables = useTables().data?.tables ?? [];
  const edit = (key: number, change: Partial<Draft>) =>
    setFields((before) => before.map((field) => (field.key === key ? { ...field, ...change } : field)));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const made = await post("/tables/create", {
        name: name.trim(),
        fields: fields
          .filter((field) => field.name.trim() !== "")
          .map((field) => ({
            name: field.name.trim(),
            ...(field.type === REFERENCE ? { reference: field.reference } : { type: field.type }),
            ...(field.type === "enum" ? { options: readOptions(field.options) } : {}),
          })),
        command: { source: "app: table" },
      });
      await queryClient.invalidateQueries({ queryKey: ["tables"] });
      onClose();
      go({ screen: "table", table: made.table_id, record: null });
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog open onClose={onClose} title="New table">
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input
            className="input"
            placeholder="Props"
            value={name}
            required
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <fieldset className="form">
          <legend>Fields</legend>
          {fields.map((field, place) => (
            <div key={field.key} className="form-row">
              <input
                className="input"
                aria-label="Field name"
                value={field.name}
                onChange={(event) => edit(field.key, { name: event.target.value })}
              />
              <select
                className="input"
                aria-label="Field type"
                value={field.type}
                onChange={(event) => edit(field.key, { type: event.target.value })}
              >
                {FIELD_TYPES.map(([value, words]) => (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ))}
                {tables.length > 0 && <option value={REFERENCE}>What another record says</option>}
              </select>
              {field.type === "enum" && (
                <input
                  className="input"
                  aria-label="Options, separated by commas"
                  placeholder="Open, Done"
                  required
                  value={field.options}
                  onChange={(event) => edit(field.key, { options: event.target.value })}
                />
              )}
              <button
                type="button"
                className="icon-button"
                aria-label={`Leave out ${field.name || "field"}`}
                onClick={() => setFields((before) => before.filter((one) => one.key !== field.key))}
              >
                <X size={14} />
              </button>
              {field.type === REFERENCE && (
                <ReferencePart
                  before={fields.slice(0, place)}
                  onReference={(reference) => edit(field.key, { reference })}
                />
              )}
            </div>
          ))}
          <button
            type="button"
            className="button quiet-button"
            onClick={() =>
              setFields((before) => [
                ...before,
                {
                  key: Math.max(-1, ...before.map((field) => field.key)) + 1,
                  name: "",
                  type: "text",
                  options: "",
                  reference: null,
                },
              ])
            }
          >
            <Plus size={14} /> Add a field
          </button>
        </fieldset>
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Create table
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What a reference field of the new table follows: through a field that stands before it, or a link. */
function ReferencePart(props: {
  before: readonly Draft[];
  onReference: (reference: ReferenceToMake | null) => void;
}) {
  const table = useMemo(() => unmade(props.before), [props.before]);
  const choosing = useReference(table, null);
  const reference = readChoice(choosing.choice);
  const told = useRef("");
  useEffect(() => {
    const text = JSON.stringify(reference);
    if (text === told.current) return;
    told.current = text;
    props.onReference(reference);
  });
  return <ReferenceChooser {...choosing} />;
}

/** The new table as far as it goes: the engine takes a field by its name where it has no id yet. */
function unmade(drafts: readonly Draft[]) {
  const fields = drafts
    .filter((draft) => draft.name.trim() !== "" && draft.type !== REFERENCE)
    .map((draft): FieldView => {
      const name = draft.name.trim();
      return { field_id: name, name, type: draft.type, mode: "discrete", options: [], reference: null };
    });
  return { table_id: "", name: "", module: null, records: 0, fields };
}
