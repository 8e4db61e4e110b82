import { expect, it } from "vitest";
import { tellSkipped } from "./skipped";

it("names the field and why it was left", () => {
  expect(tellSkipped([{ reason: "edited_since", field: "count" }], "back")).toBe(
    "“count” was not taken back: somebody changed it since",
  );
});

it("counts several, each reason once", () => {
  const skipped = [
    { reason: "edited_since", field: "count" },
    { reason: "edited_since", field: "name" },
    { reason: "gone" },
  ];
  expect(tellSkipped(skipped, "again")).toBe(
    "3 changes were not done again (count, name): somebody changed it since; its record is gone",
  );
});
