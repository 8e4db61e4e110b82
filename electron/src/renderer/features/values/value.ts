/**
 * Values of fields: how they read, and how what a person typed or pasted is understood.
 *
 * The engine decides what a field takes; this only spares a round trip for what it would surely refuse.
 */
import type { FieldValue, FieldView } from "../../shared/api/schema";

export type Value = FieldValue;
export type FieldShape = Pick<FieldView, "type" | "options" | "mode" | "name">;
export type Parsed = { value: Value } | { error: string };

/** Finds the id of the record that a label names; `null` when none or several do. */
export type FindByLabel = (label: string) => string | null;

export function isEntity(value: Value | undefined): value is { entity: string } {
  return typeof value === "object" && value !== null && "entity" in value;
}

export function isBlob(value: Value | undefined): value is Extract<Value, { blob: string }> {
  return typeof value === "object" && value !== null && "blob" in value;
}

/** The items of a list; `null` of what is none. */
export function itemsOf(value: Value | undefined): readonly Value[] | null {
  return Array.isArray(value) ? (value as Value[]) : null;
}

export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  const [list, other] = [itemsOf(a), itemsOf(b)];
  if (list && other) {
    return list.length === other.length && list.every((item, index) => sameValue(item, other[index]));
  }
  if (isEntity(a) && isEntity(b)) return a.entity === b.entity;
  if (isBlob(a) && isBlob(b)) return a.blob === b.blob && a.name === b.name;
  return (a ?? null) === (b ?? null);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fraction = new Intl.NumberFormat("en", { maximumFractionDigits: 15 });
const SHORT_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** For reading: “1,234”, “20 Nov 2026”, “20 Nov 2026, 19:30”, “1 h 30 min”. Entities need their label from elsewhere. */
export function formatValue(value: Value | undefined, field: FieldShape): string {
  if (value === null || value === undefined) return "";
  if (isEntity(value)) return value.entity.slice(0, 8);
  if (isBlob(value)) return value.name || value.blob.slice(0, 8);
  const items = itemsOf(value);
  if (items) return items.map(formatItem).join(", ");
  switch (field.type) {
    case "integer":
      return typeof value === "number" ? whole.format(value) : String(value);
    case "float":
      return typeof value === "number" ? fraction.format(value) : String(value);
    case "boolean":
      return value === true ? "Yes" : "No";
    case "date":
      return formatDate(String(value));
    case "datetime":
      return formatDatetime(String(value));
    case "duration":
      return formatDuration(String(value));
    default:
      return String(value);
  }
}

/** An item of a list reads as its own kind of value does. */
function formatItem(item: Value): string {
  const type = typeof item === "number" ? "float" : typeof item === "boolean" ? "boolean" : "text";
  return formatValue(item, { name: "", type, mode: "discrete", options: [] });
}

/** For editing and for the clipboard: what `parseValue` reads back. */
export function editText(value: Value | undefined, field: FieldShape): string {
  if (value === null || value === undefined) return "";
  if (isEntity(value)) return value.entity;
  if (isBlob(value)) return value.name;
  if (itemsOf(value)) return formatValue(value, field);
  if (field.type === "boolean") return value === true ? "true" : "false";
  if (field.type === "datetime") return String(value).replace("T", " ");
  if (field.type === "duration") return clockOfDuration(String(value)) ?? String(value);
  return String(value);
}

export function parseValue(text: string, field: FieldShape, find?: FindByLabel): Parsed {
  if (field.mode === "reference") return { error: "follows another field and cannot be written here" };
  if (field.type === "text") return { value: text === "" ? null : text };
  const plain = text.trim();
  if (plain === "") return { value: null };
  switch (field.type) {
    case "integer":
      return parseInteger(plain);
    case "float":
      return parseFloatText(plain);
    case "boolean":
      return parseBoolean(plain);
    case "date":
      return parseDate(plain);
    case "datetime":
      return parseDatetime(plain);
    case "duration":
      return parseDuration(plain);
    case "enum": {
      const option = field.options.find((known) => known.toLowerCase() === plain.toLowerCase());
      return option === undefined ? { error: `one of ${field.options.join(", ")}` } : { value: option };
    }
    case "entity": {
      if (UUID.test(plain)) return { value: { entity: plain.toLowerCase() } };
      const entity = find?.(plain) ?? null;
      return entity === null ? { error: "the name of one record" } : { value: { entity } };
    }
    default:
      return { error: "is edited in the record" };
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const GROUPED = /^[+-]?\d{1,3}(?:([ \u00a0\u2009\u202f',])\d{3})(?:\1\d{3})*(\.\d+)?$/u;

function ungroup(text: string): string {
  return GROUPED.test(text) ? text.replace(/[ \u00a0\u2009\u202f',]/gu, "") : text;
}

function parseInteger(text: string): Parsed {
  const digits = ungroup(text);
  const value = Number(digits);
  if (!/^[+-]?\d+$/.test(digits)) return { error: "a whole number" };
  if (!Number.isSafeInteger(value)) return { error: "a whole number within ±9,007,199,254,740,991" };
  return { value: value === 0 ? 0 : value };
}

function parseFloatText(text: string): Parsed {
  let digits = ungroup(text);
  if (/^[+-]?\d+,\d+$/.test(digits)) digits = digits.replace(",", ".");
  const value = Number(digits);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) || !Number.isFinite(value))
    return { error: "a number" };
  return { value };
}

function parseBoolean(text: string): Parsed {
  const word = text.toLowerCase();
  if (["true", "yes", "y", "1", "x", "✓", "☑", "on"].includes(word)) return { value: true };
  if (["false", "no", "n", "0", "☐", "off", "-"].includes(word)) return { value: false };
  return { error: "yes or no" };
}

const MONTHS = SHORT_MONTHS.map((month) => month.toLowerCase());
const WRITE_DATE = "a date such as 2026-11-21";

function isoDate(year: number, month: number, dayOfMonth: number): string | null {
  const time = new Date(Date.UTC(year, month - 1, dayOfMonth));
  if (year < 1 || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== dayOfMonth) return null;
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(dayOfMonth).padStart(2, "0")}`;
}

function parseDate(text: string): Parsed {
  const read = readDate(text);
  return read === null ? { error: WRITE_DATE } : { value: read };
}

/** ISO, `21.11.2026`, `21 Nov 2026`, `Nov 21, 2026`; with slashes only where day and month cannot be confused. */
function readDate(text: string): string | null {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (iso) return isoDate(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const dotted = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$/.exec(text);
  if (dotted) return isoDate(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]));
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (slashed) {
    const [first, second, year] = [Number(slashed[1]), Number(slashed[2]), Number(slashed[3])];
    if (first > 12 || first === second) return isoDate(year, second, first);
    return second > 12 ? isoDate(year, first, second) : null;
  }
  const dayFirst = /^(\d{1,2})\.?\s+([a-z]{3})[a-z]*\.?,?\s+(\d{4})$/i.exec(text);
  const monthFirst = /^([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4})$/i.exec(text);
  const [dayText, monthText, year] = dayFirst
    ? [dayFirst[1], dayFirst[2], dayFirst[3]]
    : [monthFirst?.[2], monthFirst?.[1], monthFirst?.[3]];
  const month = MONTHS.indexOf((monthText ?? "").toLowerCase());
  return month < 0 ? null : isoDate(Number(year), month + 1, Number(dayText));
}

function parseDatetime(text: string): Parsed {
  const error = { error: "a date and time such as 2026-11-21 19:30" };
  const parts =
    /^(.+?)(?:[T,]\s*|\s+)(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(text);
  const day = readDate(parts?.[1] ?? text);
  if (day === null) return error;
  const [hours, minutes, seconds] = [parts?.[2] ?? "0", parts?.[3] ?? "00", parts?.[4] ?? "00"];
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) >= 60) return error;
  const local = `${day}T${hours.padStart(2, "0")}:${minutes}:${seconds}`;
  const zone = parts?.[5]?.toUpperCase();
  if (zone)
    return {
      value: local + (zone === "Z" || zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`),
    };
  return { value: local + offsetAt(new Date(local)) };
}

function offsetAt(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** `PT1H30M`, `1:30` (hours), `1:30:15`, `90m`, `1h 30m`, `45s`, `1 h 30 min`. */
function parseDuration(text: string): Parsed {
  const error = { error: "a duration such as 1:30 (hours and minutes) or 45s" };
  if (/^-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(text))
    return { value: text.toUpperCase() };
  const clock = /^(\d+):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(text);
  if (clock) {
    if (Number(clock[2]) > 59 || Number(clock[3] ?? 0) >= 60) return error;
    return { value: isoDuration(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)) };
  }
  const units =
    /^(?:(\d+(?:\.\d+)?)\s*h(?:ours?|rs?)?)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in(?:utes?|s)?)?)?\s*(?:(\d+(?:\.\d+)?)\s*s(?:ec(?:onds?|s)?)?)?$/i.exec(
      text,
    );
  if (!units || (units[1] ?? units[2] ?? units[3]) === undefined) return error;
  const seconds = Number(units[1] ?? 0) * 3_600 + Number(units[2] ?? 0) * 60 + Number(units[3] ?? 0);
  return {
    value: isoDuration(Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), round(seconds % 60)),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1_000_000) / 1_000_000;
}

function isoDuration(hours: number, minutes: number, seconds: number): string {
  const time = `${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${seconds ? `${seconds}S` : ""}`;
  return `PT${time || "0S"}`;
}

function partsOfDuration(text: string) {
  const parts = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!parts) return null;
  return {
    negative: parts[1] === "-",
    hours: Number(parts[2] ?? 0) * 24 + Number(parts[3] ?? 0),
    minutes: Number(parts[4] ?? 0),
    seconds: Number(parts[5] ?? 0),
  };
}

/** `1:30`, `0:04:30`; `null` where a clock does not say it exactly. */
function clockOfDuration(text: string): string | null {
  const parts = partsOfDuration(text);
  if (!parts || parts.negative || parts.minutes > 59 || parts.seconds >= 60) return null;
  if (!Number.isInteger(parts.seconds)) return null;
  const minutes = String(parts.minutes).padStart(2, "0");
  return `${parts.hours}:${minutes}${parts.seconds ? `:${String(parts.seconds).padStart(2, "0")}` : ""}`;
}

function formatDuration(text: string): string {
  const parts = partsOfDuration(text);
  if (!parts) return text;
  const words = [
    parts.hours ? `${parts.hours} h` : "",
    parts.minutes ? `${parts.minutes} min` : "",
    parts.seconds ? `${parts.seconds} s` : "",
  ].filter(Boolean);
  return (parts.negative ? "−" : "") + (words.join(" ") || "0 s");
}

function formatDate(text: string): string {
  const parts = /^(\d{4,})-(\d{2})-(\d{2})$/.exec(text);
  const month = SHORT_MONTHS[Number(parts?.[2]) - 1];
  return parts && month ? `${parts[3]} ${month} ${parts[1]}` : text;
}

/** In the zone in which it was written: a curtain goes up at the venue's time. */
function formatDatetime(text: string): string {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(text);
  return parts ? `${formatDate(parts[1] ?? "")}, ${parts[2]}` : text;
}
