/**
 * Reads the first sheet of an Excel workbook as text (ECMA-376, part 1: SpreadsheetML).
 *
 * The page's policy keeps scripts from the browser's own XML parser; the parts of a workbook are plain enough for a
 * walk over their tags. Formulas count with the value that was last computed.
 */
import { Zip, ZipError } from "./zip";

export class SheetError extends Error {}

/** As many as a sheet of Excel has. */
const ROWS_MAX = 1_048_576;

/** The rows of the first sheet. Fails with `SheetError`, whose message ends a sentence about the file. */
export async function readSheet(buffer: ArrayBuffer): Promise<string[][]> {
  try {
    const zip = Zip.open(buffer);
    const workbook = await zip.text("xl/workbook.xml");
    if (workbook === null) throw new SheetError("it holds no workbook");
    const sheet = await zip.text(await firstSheet(zip, workbook));
    if (sheet === null) throw new SheetError("it holds no sheet");
    const strings = readStrings((await zip.text("xl/sharedStrings.xml")) ?? "");
    const dates = readDateStyles((await zip.text("xl/styles.xml")) ?? "");
    const since1904 = tags(workbook).some(
      (tag) => tag.name === "workbookPr" && ["1", "true"].includes(tag.attributes.date1904 ?? ""),
    );
    return readRows(sheet, strings, dates, since1904);
  } catch (error) {
    if (error instanceof ZipError) throw new SheetError(error.message);
    throw error;
  }
}

type Tag = { name: string; attributes: Record<string, string>; opens: boolean; empty: boolean; text: string };

/** The tags of a document in order, without prefixes, each with the text right behind it. */
export function tags(xml: string): Tag[] {
  const found: Tag[] = [];
  for (const match of xml.matchAll(/<(\/?)(?:[\w.-]+:)?([\w.-]+)((?:\s+[^<>]*?)?)(\/?)>([^<]*)/g)) {
    const attributes: Record<string, string> = {};
    for (const [, key = "", double, single] of (match[3] ?? "").matchAll(
      /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
    )) {
      attributes[key] = plain(double ?? single ?? "");
    }
    found.push({
      name: match[2] ?? "",
      attributes,
      opens: match[1] === "",
      empty: match[4] === "/",
      text: plain(match[5] ?? ""),
    });
  }
  return found;
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

async function firstSheet(zip: Zip, workbook: string): Promise<string> {
  const sheet = tags(workbook).find((tag) => tag.name === "sheet" && tag.opens);
  const relations = tags((await zip.text("xl/_rels/workbook.xml.rels")) ?? "");
  const target = relations.find(
    (tag) => tag.name === "Relationship" && tag.attributes.Id === sheet?.attributes["r:id"],
  )?.attributes.Target;
  if (!target) return "xl/worksheets/sheet1.xml";
  return target.startsWith("/") ? target.slice(1) : `xl/${target}`;
}

/** Shared strings; runs of one string are joined, and readings of Japanese ones left out. */
function readStrings(xml: string): string[] {
  const strings: string[] = [];
  let reading = false;
  for (const tag of tags(xml)) {
    if (tag.name === "si" && tag.opens) strings.push("");
    else if (tag.name === "rPh") reading = tag.opens && !tag.empty;
    else if (tag.name === "t" && tag.opens && !reading) strings.push((strings.pop() ?? "") + tag.text);
  }
  return strings;
}

type DateKind = "date" | "datetime" | "time" | null;

/** By the number of a cell's style: what its number stands for, if it is a time. */
function readDateStyles(xml: string): DateKind[] {
  const custom = new Map<number, string>();
  const styles: DateKind[] = [];
  let inside = false;
  for (const tag of tags(xml)) {
    if (tag.name === "numFmt") custom.set(Number(tag.attributes.numFmtId), tag.attributes.formatCode ?? "");
    else if (tag.name === "cellXfs") inside = tag.opens && !tag.empty;
    else if (tag.name === "xf" && tag.opens && inside) {
      const id = Number(tag.attributes.numFmtId ?? 0);
      styles.push(dateKind(id, custom.get(id)));
    }
  }
  return styles;
}

function dateKind(id: number, format: string | undefined): DateKind {
  if (format === undefined) {
    if (id >= 14 && id <= 17) return "date";
    if (id === 22) return "datetime";
    return (id >= 18 && id <= 21) || (id >= 45 && id <= 47) ? "time" : null;
  }
  const bare = format.replace(/"[^"]*"|\[[^\]]*\]|\\./g, "").toLowerCase();
  const day = /[yd]/.test(bare);
  const time = /[hs]/.test(bare);
  return day ? (time ? "datetime" : "date") : time ? "time" : null;
}

function readRows(xml: string, strings: string[], dates: DateKind[], since1904: boolean): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell: { column: number; type: string; style: number; text: string } | null = null;
  let value = false;
  let number = 0;
  for (const tag of tags(xml)) {
    switch (tag.name) {
      case "row":
        if (!tag.opens) break;
        row = [];
        number = Number(tag.attributes.r ?? rows.length + 1);
        if (!(number >= 1 && number <= ROWS_MAX)) throw new SheetError("its rows have no numbers");
        rows[number - 1] = row;
        break;
      case "c":
        if (tag.opens) {
          const { r, t, s } = tag.attributes;
          cell = { column: columnOf(r) ?? row.length, type: t ?? "n", style: Number(s ?? 0), text: "" };
        }
        if (cell && (!tag.opens || tag.empty)) {
          row[cell.column] = cellText(cell, strings, dates, since1904);
          cell = null;
        }
        break;
      case "v":
      case "t":
        value = tag.opens && !tag.empty;
        if (cell && value) cell.text += tag.text;
        break;
      default:
    }
  }
  // Rows and cells that are left out in the file are empty ones.
  return Array.from(rows, (cells) => Array.from(cells ?? [], (text) => text ?? ""));
}

/** `AB12` stands in column 27, counted from 0. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/i.exec(reference ?? "")?.[0].toUpperCase();
  if (!letters) return null;
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function cellText(
  cell: { type: string; style: number; text: string },
  strings: string[],
  dates: DateKind[],
  since1904: boolean,
): string {
  switch (cell.type) {
    case "s":
      return strings[Number(cell.text)] ?? "";
    case "b":
      return cell.text === "1" ? "true" : "false";
    case "e":
      return "";
    case "n": {
      const kind = dates[cell.style] ?? null;
      const number = Number(cell.text);
      return cell.text === "" || kind === null || !Number.isFinite(number)
        ? cell.text
        : timeText(number, kind, since1904);
    }
    default:
      return cell.text;
  }
}

const DAY_S = 86_400;
/** Days from Excel's zero to 1970; its calendar has a 29 February 1900, which is before any date that matters here. */
const EPOCH_DAYS_1900 = 25_569;
const EPOCH_DAYS_1904 = 24_107;

function timeText(days: number, kind: NonNullable<DateKind>, since1904: boolean): string {
  const epoch = since1904 ? EPOCH_DAYS_1904 : EPOCH_DAYS_1900;
  const seconds = Math.round(days * DAY_S);
  if (kind === "time") {
    const two = (part: number) => String(part).padStart(2, "0");
    return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }
  const at = new Date((seconds - epoch * DAY_S) * 1_000);
  if (Number.isNaN(at.getTime())) return String(days);
  const text = at.toISOString();
  return kind === "date" ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}
