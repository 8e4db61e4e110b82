/** Fields of a table: add, rename, remove. */
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { post } from "../../shared/api/client";
import type { FieldToMake, FieldView, TableView } from "../../shared/api/schema";
import { Dialog } from "../../shared/ui/dialog";
import { Popover } from "../../shared/ui/popover";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { readChoice } from "./reference";
import { ReferenceChooser, useReference } from "./reference-form";

export const FIELD_TYPES: [string, string][] = [
  ["text", "Text"],
  ["crdt_text", "Long text, edited together"],
  ["integer", "Whole number"],
  ["float", "Number"],
  ["boolean", "Yes or no"],
  ["date", "Date"],
  ["datetime", "Date and time"],
  ["duration", "Duration"],
  ["enum", "One of several options"],
  ["entity", "Another record"],
  ["crdt_list", "List, edited together"],
];

/** Not a type of its own: a field that shows what another record says. */
export const REFERENCE = "reference";

const edit = { source: "app: table" };

export function readOptions(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map((option) => option.trim()))].filter(Boolean);
}

export function AddField({ table }: { table: TableView }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [type, setType] = useState("text");
  const [options, setOptions] = useState("");
  const choosing = useReference(table, null);
  const follows = type === REFERENCE;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const field: FieldToMake = { name: name.trim() };
    if (follows) field.reference = readChoice(choosing.choice);
    else field.type = type;
    if (type === "enum") field.options = readOptions(options);
    try {
      await post("/tables/update", { table: table.table_id, add_fields: [field], command: edit });
      setOpen(false);
      setName("");
      setOptions("");
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Popover
      title="Add a field"
      align="end"
      open={open}
      onOpenChange={setOpen}
      button={
        <button type="button" className="icon-button" aria-label="Add a field" title="Add a field">
          <Plus size={15} />
        </button>
      }
    >
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input className="input" value={name} required onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Holds
          <select className="input" value={type} onChange={(event) => setType(event.target.value)}>
            {FIELD_TYPES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
            <option value={REFERENCE}>What another record says</option>
          </select>
        </label>
        {follows && <ReferenceChooser {...choosing} />}
        {type === "enum" && (
          <label>
            Options, separated by commas
            <textarea
              className="input"
              rows={3}
              required
              value={options}
              onChange={(event) => setOptions(event.target.value)}
            />
          </label>
        )}
        <button type="submit" className="button accent">
          Add field
        </button>
      </form>
    </Popover>
  );
}

type OneField = { table: TableView; field: FieldView; onClose: () => void };

export function RenameField({ table, field, onClose }: OneField) {
  const [name, setName] = useState(field.name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const rename_fields = [{ from: field.name, to: name.trim() }];
      await post("/tables/update", { table: table.table_id, rename_fields, command: edit });
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog open onClose={onClose} title={`Rename “${field.name}”`}>
      <form className="form" onSubmit={submit}>
        <label>
          Name
          <input className="input" value={name} required onChange={(event) => setName(event.target.value)} />
        </label>
        <footer className="dialog-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button accent">
            Rename
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

export function RemoveField({ table, field, onClose }: OneField) {
  const remove = async () => {
    try {
      await post("/tables/update", { table: table.table_id, remove_fields: [field.name], command: edit });
      toastDone(`Removed “${field.name}” from ${table.name}`);
      onClose();
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Remove “${field.name}” from ${table.name}?`}
      about="It goes from everybody's view. Its values stay in the history."
    >
      <footer className="dialog-acts">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="button danger" onClick={() => void remove()}>
          Remove
        </button>
      </footer>
    </Dialog>
  );
}
