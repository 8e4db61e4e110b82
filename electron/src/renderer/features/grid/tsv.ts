/** Blocks of cells as text: tab-separated for the clipboard, comma-separated for files. */

/** Quotes what holds the separator, a quote or a line break, as spreadsheets do. */
export function writeBlock(rows: readonly (readonly string[])[], separator = "\t"): string {
  const cell = (text: string) =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return rows.map((row) => row.map(cell).join(separator)).join("\r\n");
}

/**
 * Reads rows of cells; a line break at the very end ends the last row rather than beginning another.
 *
 * A quote that is not at the beginning of a cell stands for itself, as does one that is never closed.
 */
export function readBlock(text: string, separator = "\t"): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"' ? readQuoted(text, at, separator) : null;
    if (quoted) {
      row.push(quoted.cell);
      at = quoted.end;
    } else {
      const start = at;
      while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
      row.push(text.slice(start, at));
    }
    if (text[at] === separator) {
      at++;
      if (at < text.length) continue;
      row.push("");
    } else if (at < text.length) {
      at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    }
    rows.push(row);
    row = [];
  }
  return rows;
}

function readQuoted(text: string, start: number, separator: string): { cell: string; end: number } | null {
  let cell = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return null;
    cell += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      cell += '"';
      at = quote + 2;
      continue;
    }
    const after = text[quote + 1];
    const ends = after === undefined || after === separator || after === "\n" || after === "\r";
    return ends ? { cell, end: quote + 1 } : null;
  }
}

/** The separator that a file's first line that is not empty speaks for: the most frequent of comma, semicolon and tab. */
export function guessSeparator(text: string): string {
  const start = text.trimStart();
  const line = start.slice(0, Math.max(0, start.search(/\r|\n|$/)));
  const count = (separator: string) => line.split(separator).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}
