/** Exports what is seen: these rows in this order, these columns. */
import { Download } from "lucide-react";
import { useRef, useState } from "react";
import type { FieldView } from "../../shared/api/schema";
import { Dialog } from "../../shared/ui/dialog";
import { toastDone, toastProblem } from "../../shared/ui/toasts";
import type { Listing } from "../grid/row-store";
import { download, type Format, fileName, readAll, writeFile } from "./export-file";

type Props = {
  table: string;
  view: string | null;
  listing: Listing;
  total: number;
  fields: readonly FieldView[];
  /** How many columns of the table are hidden, and so left out. */
  hidden: number;
  onClose: () => void;
};

export function ExportDialog({ table, view, listing, total, fields, hidden, onClose }: Props) {
  const [format, setFormat] = useState<Format>("csv");
  const [done, setDone] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const close = () => {
    abort.current?.abort();
    onClose();
  };
  const run = async () => {
    const began = new AbortController();
    abort.current = began;
    setDone(0);
    try {
      const records = await readAll(listing, { progress: setDone, signal: began.signal });
      const file = await writeFile(records, fields, format);
      if (began.signal.aborted) return;
      download(file, fileName(table, view, format));
      toastDone(`Exported ${records.length.toLocaleString("en")} records`);
      onClose();
    } catch (error) {
      if (began.signal.aborted) return;
      toastProblem(error);
      setDone(null);
    }
  };
  const narrowed = listing.filter !== undefined || listing.q !== undefined;
  return (
    <Dialog open onClose={close} title={`Export ${table}`}>
      <ul className="facts">
        <li>
          {total.toLocaleString("en")} {total === 1 ? "record" : "records"}
          {narrowed ? ", those that the filter shows" : ", all of them"}, in the order in which you see them
        </li>
        <li>
          {fields.length} {fields.length === 1 ? "column" : "columns"}
          {hidden > 0 ? `; ${hidden} hidden ${hidden === 1 ? "one is" : "ones are"} left out` : ""}
        </li>
      </ul>
      <fieldset className="segments">
        <legend className="hidden">Format</legend>
        {(
          [
            ["csv", "CSV, with commas"],
            ["tsv", "TSV, with tabs"],
          ] as const
        ).map(([value, words]) => (
          <label key={value} data-on={format === value || undefined}>
            <input
              type="radio"
              name="format"
              className="hidden"
              checked={format === value}
              onChange={() => setFormat(value)}
            />
            {words}
          </label>
        ))}
      </fieldset>
      <footer className="dialog-acts">
        {done !== null && (
          <progress
            className="progress"
            value={done}
            max={Math.max(total, 1)}
            aria-label="Exported records"
          />
        )}
        <button type="button" className="button" onClick={close}>
          {done === null ? "Cancel" : "Stop"}
        </button>
        <button type="button" className="button accent" disabled={done !== null} onClick={() => void run()}>
          <Download size={14} /> Export
        </button>
      </footer>
    </Dialog>
  );
}
