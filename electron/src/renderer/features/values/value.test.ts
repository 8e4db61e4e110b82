import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editText, type FieldShape, formatValue, parseValue } from "./value";

const field = (type: string, options: string[] = []): FieldShape => ({
  type,
  options,
  mode: "discrete",
  name: "f",
});
const read = (type: string, text: string) => parseValue(text, field(type, ["On sale", "Sold out"]));

describe("values", () => {
  it.each([
    ["integer", "1,234", 1234],
    ["integer", "-12", -12],
    ["integer", "1 234 567", 1234567],
    ["float", "3,5", 3.5],
    ["float", "1,234.5", 1234.5],
    ["boolean", "Yes", true],
    ["boolean", "0", false],
    ["date", "2026-11-21", "2026-11-21"],
    ["date", "21.11.2026", "2026-11-21"],
    ["date", "21/11/2026", "2026-11-21"],
    ["date", "11/21/2026", "2026-11-21"],
    ["date", "21 November 2026", "2026-11-21"],
    ["date", "Nov 21, 2026", "2026-11-21"],
    ["datetime", "2026-11-21 19:30+01:00", "2026-11-21T19:30:00+01:00"],
    ["datetime", "2026-11-21T19:30:15Z", "2026-11-21T19:30:15Z"],
    ["duration", "1:30", "PT1H30M"],
    ["duration", "90m", "PT1H30M"],
    ["duration", "0:04:30", "PT4M30S"],
    ["duration", "1.5s", "PT1.5S"],
    ["enum", "on SALE", "On sale"],
    ["text", "  kept as it is ", "  kept as it is "],
    ["date", "", null],
  ])("reads %s %j", (type, text, value) => {
    expect(read(type, text)).toEqual({ value });
  });

  it.each([
    ["integer", "1.5"],
    ["integer", "12,34"],
    ["integer", "9007199254740993"],
    ["float", "many"],
    ["date", "2026-02-30"],
    ["date", "3/4/2026"],
    ["datetime", "2026-11-21 25:00"],
    ["duration", "soon"],
    ["duration", "1:75"],
    ["enum", "Pencilled"],
    ["entity", "Nobody"],
  ])("refuses %s %j", (type, text) => {
    expect(read(type, text)).toHaveProperty("error");
  });

  it("refuses to write what follows another field", () => {
    expect(parseValue("x", { ...field("text"), mode: "reference" })).toHaveProperty("error");
  });

  it("reads back what it gives for editing", () => {
    const check = (type: string, value: string | number | boolean) => {
      expect(parseValue(editText(value, field(type)), field(type))).toEqual({ value });
    };
    fc.assert(fc.property(fc.maxSafeInteger(), (number) => check("integer", number === 0 ? 0 : number)));
    fc.assert(fc.property(fc.boolean(), (truth) => check("boolean", truth)));
    const seconds = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(seconds, (all) => {
        const [hours, minutes, rest] = [Math.floor(all / 3_600), Math.floor((all % 3_600) / 60), all % 60];
        check(
          "duration",
          `PT${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${rest ? `${rest}S` : ""}`,
        );
      }),
    );
    const days = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(fc.property(days, (day) => check("date", day.toISOString().slice(0, 10))));
  });

  it("shows values as people read them", () => {
    expect(formatValue(12345, field("integer"))).toBe("12,345");
    expect(formatValue("2026-11-21", field("date"))).toBe("21 Nov 2026");
    expect(formatValue("2026-11-21T19:30:00+01:00", field("datetime"))).toBe("21 Nov 2026, 19:30");
    expect(formatValue("PT1H30M", field("duration"))).toBe("1 h 30 min");
    expect(formatValue("PT0S", field("duration"))).toBe("0 s");
    expect(formatValue(null, field("text"))).toBe("");
  });
});
