import { describe, expect, it } from "vitest";
import type { FieldView, TableView } from "../../shared/api/schema";
import { circleWords, EDGE, firstChoice, readChoice, roads, targets } from "./reference";

const field = (name: string, type = "text", mode = "discrete"): FieldView => ({
  field_id: `id of ${name}`,
  name,
  type,
  mode,
  options: [],
});
const table = (name: string, fields: FieldView[]): TableView => ({
  table_id: `id of ${name}`,
  name,
  fields,
  records: 0,
});
const people = table("People", [field("name"), field("phone")]);
const cues = table("Cues", [
  field("label"),
  field("operator", "entity"),
  field("boss", "entity", "reference"),
]);
const tables = [people, cues];

describe("what a reference field follows", () => {
  it("goes through fields that hold a record of their own", () => {
    expect(roads(cues).map(({ name }) => name)).toEqual(["operator"]);
    expect(roads(people)).toEqual([]);
  });

  it("begins with the first road, or with links where no field leads on", () => {
    expect(firstChoice(cues, tables, null).through).toBe("id of operator");
    expect(firstChoice(people, tables, null).through).toBe(EDGE);
  });

  it("begins with what it follows already", () => {
    const view = { table: "People", field: "phone", field_id: "id of phone", via_field: "operator" };
    const choice = firstChoice(cues, tables, view);
    expect(choice).toEqual({
      through: "id of operator",
      kind: "",
      table: "id of People",
      field: "id of phone",
    });
    expect(readChoice(choice)).toEqual({
      via_field: "id of operator",
      table: "id of People",
      field: "id of phone",
    });
    const gone = { table: null, field: null, field_id: "id of nothing", via_edge: "covers" };
    expect(firstChoice(cues, tables, gone)).toEqual({ through: EDGE, kind: "covers", table: "", field: "" });
  });

  it("is not read before all of it is chosen", () => {
    const choice = { through: EDGE, kind: " ", table: "t", field: "f" };
    expect(readChoice(choice)).toBeNull();
    expect(readChoice({ ...choice, kind: " covers " })).toEqual({
      via_edge: "covers",
      table: "t",
      field: "f",
    });
    expect(readChoice({ ...choice, through: "operator", field: "" })).toBeNull();
  });

  it("never shows itself", () => {
    expect(targets(people, field("phone")).map(({ name }) => name)).toEqual(["name"]);
    expect(targets(undefined, null)).toEqual([]);
  });

  it("tells a circle as a road", () => {
    expect(circleWords("phone, number, phone")).toBe("phone → number → phone");
    expect(circleWords(null)).toBe("");
  });
});
