/** Where an import comes from: a file that is chosen or dropped, or a pasted block. */
import { FileUp } from "lucide-react";
import { useState } from "react";

export function SourcePicker(props: { onFile: (file: File) => void; onPaste: (text: string) => void }) {
  const [over, setOver] = useState(false);
  const choose = (file: File | undefined) => file && props.onFile(file);
  return (
    <>
      <label
        className="drop"
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          choose(event.dataTransfer.files[0]);
        }}
      >
        <FileUp size={28} aria-hidden="true" />
        <strong>Choose a CSV file or an Excel workbook, or drop it here</strong>
        <span className="quiet">
          The first line holds the names of the columns. Commas, semicolons and tabs are understood; of a
          workbook, the first sheet is read.
        </span>
        <input
          type="file"
          accept=".csv,.tsv,.txt,.xlsx,text/csv"
          onChange={(event) => choose(event.target.files?.[0])}
        />
      </label>
      <textarea
        className="input"
        rows={2}
        aria-label="Or paste a block from a spreadsheet"
        placeholder="Or paste a block from a spreadsheet here, with its headings"
        value=""
        onChange={() => {
          // Only pasting fills it.
        }}
        onPaste={(event) => {
          event.preventDefault();
          props.onPaste(event.clipboardData.getData("text/plain"));
        }}
      />
    </>
  );
}
