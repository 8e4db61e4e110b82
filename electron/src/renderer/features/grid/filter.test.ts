import { expect, it } from "vitest";
import type { FieldShape } from "../values/value";
import { countTests, type FilterDraft, filterJson, sortText } from "./filter";

const fields: FieldShape[] = [
  { name: "label", type: "text", mode: "discrete", options: [] },
  { name: "page", type: "integer", mode: "discrete", options: [] },
];

it("writes one test bare and several joined", () => {
  const one = { field: "label", op: "contains", text: "tabs" } as const;
  const two = { field: "page", op: ">=", text: "1,200" } as const;
  expect(filterJson({ join: "and", tests: [one] }, fields)).toBe(
    '{"field":"label","op":"contains","value":"tabs"}',
  );
  expect(JSON.parse(filterJson({ join: "or", tests: [one, two] }, fields) ?? "")).toEqual({
    or: [
      { field: "label", op: "contains", value: "tabs" },
      { field: "page", op: ">=", value: 1200 },
    ],
  });
});

it("leaves out tests that are not finished or name no field", () => {
  const tests = [
    { field: "page", op: "=", text: "" },
    { field: "page", op: "=", text: "twelve" },
    { field: "gone", op: "is_empty", text: "" },
  ] as const;
  expect(filterJson({ join: "and", tests: [...tests] }, fields)).toBeUndefined();
});

it("sorts by known fields only, in order", () => {
  const keys = [
    { field: "page", descending: true },
    { field: "gone", descending: false },
    { field: "label", descending: false },
  ];
  expect(sortText(keys, fields)).toBe("page:desc,label:asc");
  expect(sortText([], fields)).toBeUndefined();
});

it("joins groups as one test each, and leaves out those that say nothing", () => {
  const page = (text: string) => ({ field: "page", op: "=", text }) as const;
  const draft: FilterDraft = {
    join: "and",
    tests: [page("1")],
    groups: [
      { join: "or", tests: [page("2"), page("3")] },
      { join: "or", tests: [page("")] },
    ],
  };
  expect(JSON.parse(filterJson(draft, fields) ?? "")).toEqual({
    and: [
      { field: "page", op: "=", value: 1 },
      {
        or: [
          { field: "page", op: "=", value: 2 },
          { field: "page", op: "=", value: 3 },
        ],
      },
    ],
  });
  expect(countTests(draft)).toBe(4);
});
