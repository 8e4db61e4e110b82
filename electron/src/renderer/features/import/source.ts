/** What is imported: a file or a pasted block, as headings and rows of text. */
import { guessSeparator, readBlock } from "../grid/tsv";

export type Source = { name: string; headings: string[]; rows: string[][] };

/** Beyond this, a file is refused rather than held in memory. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Why something cannot be imported, for a person. */
export class SourceError extends Error {}

/** Reads an Excel workbook, or a text file of any of the usual encodings. */
export async function readFile(file: File): Promise<Source> {
  if (file.size > BYTES_MAX)
    throw new SourceError("The file is larger than 64 MB. Split it, or use “openprod import”.");
  const buffer = await file.arrayBuffer();
  if (/\.xlsx$/i.test(file.name)) {
    // Few people need it: it comes when a workbook is first opened.
    const { readSheet, SheetError } = await import("./xlsx");
    try {
      return withHeadings(file.name, await readSheet(buffer));
    } catch (error) {
      if (error instanceof SheetError)
        throw new SourceError(`The workbook cannot be read: ${error.message}.`);
      throw error;
    }
  }
  const text = decode(buffer);
  return withHeadings(file.name, readBlock(text, guessSeparator(text)));
}

export function readPasted(text: string): Source {
  return withHeadings("Pasted", readBlock(text, guessSeparator(text)));
}

function withHeadings(name: string, block: string[][]): Source {
  const full = block.filter((row) => row.some((cell) => cell.trim() !== ""));
  const [headings, ...rows] = full;
  if (!headings || rows.length === 0) throw new SourceError("There are no rows below a line of headings.");
  const width = Math.max(...full.map((row) => row.length));
  return { name, headings: Array.from({ length: width }, (_, column) => headings[column] ?? ""), rows };
}

/** UTF-8 and UTF-16 by their marks; else UTF-8, and where it is none, what Windows wrote for long. */
export function decode(buffer: ArrayBuffer): string {
  const [first, second] = new Uint8Array(buffer, 0, Math.min(2, buffer.byteLength));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(buffer);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("windows-1252").decode(buffer);
  }
}
