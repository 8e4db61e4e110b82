import { expect, it } from "vitest";
import { decode, readFile, readPasted, SourceError } from "./source";

const bytes = (...list: number[]) => new Uint8Array(list).buffer;

it("reads the encodings that programs write", () => {
  expect(decode(bytes(0xef, 0xbb, 0xbf, 0xc3, 0xa9))).toBe("é");
  expect(decode(bytes(0xc3, 0xa9))).toBe("é");
  expect(decode(bytes(0xe9))).toBe("é");
  expect(decode(bytes(0xff, 0xfe, 0xe9, 0x00))).toBe("é");
  expect(decode(bytes(0xfe, 0xff, 0x00, 0xe9))).toBe("é");
});

it("takes the first line that holds something for headings, as wide as the widest row", () => {
  expect(readPasted("\n\nName\tCount\nLantern\t12\tbroken\n\n")).toEqual({
    name: "Pasted",
    headings: ["Name", "Count", ""],
    rows: [["Lantern", "12", "broken"]],
  });
});

it("says what is missing", async () => {
  expect(() => readPasted("Name\tCount")).toThrow(SourceError);
  await expect(readFile(new File(["no archive"], "props.xlsx"))).rejects.toThrow(
    "The workbook cannot be read: it is no ZIP archive.",
  );
});
