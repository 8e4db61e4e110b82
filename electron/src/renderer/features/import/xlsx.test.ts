import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readSheet, SheetError } from "./xlsx";

/** Packs files as a ZIP archive, every second one deflated. */
function pack(files: Record<string, string>): ArrayBuffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  Object.entries(files).forEach(([name, text], index) => {
    const raw = Buffer.from(text);
    const deflate = index % 2 === 1;
    const data = deflate ? deflateRawSync(raw) : raw;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(deflate ? 8 : 0, 8);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(deflate ? 8 : 0, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(raw.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), data);
    directory.push(entry, Buffer.from(name));
    at += 30 + name.length + data.length;
  });
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(at, 16);
  const whole = Buffer.concat([...parts, ...directory, end]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length) as ArrayBuffer;
}

const workbook = (rows: string, more: Record<string, string> = {}) =>
  pack({
    "xl/workbook.xml":
      '<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="Cues" sheetId="1" r:id="rId7"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels":
      '<Relationships><Relationship Id="rId7" Target="worksheets/other.xml"/></Relationships>',
    "xl/worksheets/other.xml": `<worksheet><sheetData>${rows}</sheetData></worksheet>`,
    "xl/sharedStrings.xml":
      "<sst><si><t>name</t></si><si><r><t>Blue </t></r><r><t>&amp; red</t></r><rPh><t>x</t></rPh></si></sst>",
    "xl/styles.xml":
      '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy hh:mm"/></numFmts>' +
      '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="21"/></cellXfs></styleSheet>',
    ...more,
  });

it("reads strings, numbers, truth and what formulas gave", async () => {
  const rows = await readSheet(
    workbook(
      '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>' +
        '<row r="2"><c r="A2" t="inlineStr"><is><t>Ferry &lt;1&gt;</t></is></c><c r="B2"><f>1+1</f><v>2.5</v></c>' +
        '<c r="C2" t="b"><v>1</v></c><c r="D2" t="e"><v>#REF!</v></c><c r="E2" t="str"><v>sum</v></c></row>',
    ),
  );
  expect(rows).toEqual([
    ["name", "Blue & red"],
    ["Ferry <1>", "2.5", "true", "", "sum"],
  ]);
});

it("reads dates, times and both by their formats", async () => {
  const rows = await readSheet(
    workbook(
      '<row r="1"><c r="A1" s="1"><v>46347</v></c><c r="B1" s="2"><v>46347.8125</v></c>' +
        '<c r="C1" s="3"><v>0.0625</v></c><c r="D1"><v>46347</v></c></row>',
    ),
  );
  expect(rows).toEqual([["2026-11-21", "2026-11-21 19:30:00", "1:30:00", "46347"]]);
});

it("keeps the places of cells and rows that the file leaves out", async () => {
  const rows = await readSheet(workbook('<row r="2"><c r="C2"><v>7</v></c><c r="AA2"/></row>'));
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual([]);
  expect(rows[1]?.slice(0, 3)).toEqual(["", "", "7"]);
  expect(rows[1]).toHaveLength(27);
});

it("refuses what is no workbook, and says why", async () => {
  await expect(readSheet(new ArrayBuffer(4))).rejects.toThrow(SheetError);
  await expect(readSheet(pack({ "a.txt": "a" }))).rejects.toThrow("it holds no workbook");
});

it("never fails otherwise, whatever bytes it is given", async () => {
  const whole = new Uint8Array(workbook('<row r="1"><c r="A1"><v>1</v></c></row>'));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.nat(255),
      fc.nat(whole.length),
      async (at, byte, length) => {
        const bytes = whole.slice(0, length);
        if (at < bytes.length) bytes[at] = byte;
        await readSheet(bytes.buffer).catch((error) => expect(error).toBeInstanceOf(SheetError));
      },
    ),
    { numRuns: 300 },
  );
});
