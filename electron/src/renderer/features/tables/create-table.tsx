/** Makes a table: its name and first fields. */
import { Plus, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { post } from "../../shared/api/client";
import { queryClient } from "../../shared/api/queries";
import { go } from "../../shared/route";
import { Dialog } from "../../shared/ui/dialog";
import { toastProblem } from "../../shared/ui/toasts";
import { FIELD_TYPES, readOptions } from "./field-forms";

type Draft = { key: number; name: string; type: string; options: string };

const FIRST: Draft[] = [
  { key: 0, name: "name", type: "text", options: "" },
  { key: 1, name: "notes", type: "text", options: "" },
];

export function CreateTable({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [fields, setFields] = useState(FIRST);
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
            type: field.type,
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
          {fields.map((field) => (
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
