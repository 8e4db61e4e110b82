/** Imports a CSV file into a table: choose, match columns, look, import. */
import { FileUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { TableView } from "../../shared/api/schema";
import { Dialog } from "../../shared/ui/dialog";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import { guessSeparator, readBlock } from "../grid/tsv";
import { act, createRecords } from "../records/commands";
import { findByLabel } from "../records/labels";
import { guessMapping, planImport } from "./import-plan";

const ROWS_SHOWN = 20;
const FAULTS_SHOWN = 6;

/** Beyond this, a file is refused rather than held in memory. */
const BYTES_MAX = 64 * 1024 * 1024;

export function ImportDialog({ table, onClose }: { table: TableView; onClose: () => void }) {
  const [file, setFile] = useState<{ name: string; headings: string[]; rows: string[][] } | null>(null);
  const [mapping, setMapping] = useState<(string | null)[]>([]);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [done, setDone] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const fields = table.fields.filter((field) => field.mode !== "reference");

  const choose = async (chosen: File | undefined) => {
    if (!chosen) return;
    if (chosen.size > BYTES_MAX) {
      setRefusal("The file is larger than 64 MB. Split it, or use “openprod import”.");
      return;
    }
    const text = (await chosen.text()).replace(/^\ufeff/, "");
    const [headings, ...rows] = readBlock(text, guessSeparator(text));
    if (!headings || rows.length === 0) {
      setRefusal("The file has no rows below a line of headings.");
      return;
    }
    setRefusal(null);
    setFile({ name: chosen.name, headings, rows });
    setMapping(guessMapping(headings, fields));
  };

  const plan = useMemo(
    () => (file ? planImport(file.rows, mapping, table.fields, findByLabel) : null),
    [file, mapping, table.fields],
  );
  const mapped = mapping.some((name) => name !== null);

  const run = async () => {
    if (!plan) return;
    abort.current = new AbortController();
    setDone(0);
    try {
      const made = await createRecords(table.table_id, plan.records, act("import"), {
        progress: setDone,
        signal: abort.current.signal,
      });
      toastDone(`Imported ${made.length.toLocaleString("en")} records into ${table.name}`);
      onClose();
    } catch (error) {
      toastProblem(error);
      setDone(null);
    }
  };

  return (
    <Dialog
      open
      size="large"
      onClose={() => {
        abort.current?.abort();
        onClose();
      }}
      title={`Import into ${table.name}`}
    >
      {!file || !plan ? (
        <label
          className="drop"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            void choose(event.dataTransfer.files[0]);
          }}
        >
          <FileUp size={28} aria-hidden="true" />
          <strong>Choose a CSV file, or drop it here</strong>
          <span className="quiet">
            The first line holds the names of the columns. Commas, semicolons and tabs are understood.
          </span>
          <input
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            onChange={(event) => void choose(event.target.files?.[0])}
          />
        </label>
      ) : (
        <>
          <p className="quiet">
            {file.name} · {plan.records.length.toLocaleString("en")} rows
          </p>
          <div className="preview">
            <table className="plain-table">
              <thead>
                <tr>
                  {file.headings.map((heading, column) => (
                    <th scope="col" key={`column ${column + 1}`}>
                      <span className="preview-heading">{heading || `Column ${column + 1}`}</span>
                      <select
                        className="input"
                        aria-label={`Field for ${heading}`}
                        value={mapping[column] ?? ""}
                        onChange={(event) =>
                          setMapping((before) =>
                            before.map((name, at) => (at === column ? event.target.value || null : name)),
                          )
                        }
                      >
                        <option value="">Leave out</option>
                        {fields.map((field) => (
                          <option
                            key={field.field_id}
                            disabled={mapping.includes(field.name) && mapping[column] !== field.name}
                          >
                            {field.name}
                          </option>
                        ))}
                      </select>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {file.rows.slice(0, ROWS_SHOWN).map((row, index) => (
                  <tr key={`row ${index + 1}`}>
                    {file.headings.map((heading, column) => {
                      const bad = plan.faults.some(
                        (fault) => fault.row === index + 1 && fault.column === mapping[column],
                      );
                      return (
                        <td
                          key={`${heading} ${column}`}
                          className={bad ? "bad" : mapping[column] === null ? "dim" : ""}
                        >
                          {row[column] ?? ""}
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {plan.faulty > 0 && (
            <div className="note" role="status">
              <strong>
                {plan.faulty === 1
                  ? "1 cell does not fit and will be left empty"
                  : `${plan.faulty.toLocaleString("en")} cells do not fit and will be left empty`}
              </strong>
              <ul>
                {plan.faults.slice(0, FAULTS_SHOWN).map((fault) => (
                  <li key={`${fault.row} ${fault.column}`}>
                    Row {fault.row}, {fault.column}: “{fault.text}” is not {fault.expected}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </>
      )}
      {refusal && (
        <p className="bad" role="alert">
          {refusal}
        </p>
      )}
      <footer className="dialog-acts">
        {done !== null && plan && (
          <progress
            className="progress"
            value={done}
            max={plan.records.length}
            aria-label="Imported records"
          />
        )}
        <button
          type="button"
          className="button"
          onClick={() => {
            abort.current?.abort();
            onClose();
          }}
        >
          {done === null ? "Cancel" : "Stop"}
        </button>
        {file && plan && (
          <button
            type="button"
            className="button accent"
            disabled={!mapped || done !== null}
            onClick={() => void run()}
          >
            Import {plan.records.length.toLocaleString("en")} records
          </button>
        )}
      </footer>
    </Dialog>
  );
}
