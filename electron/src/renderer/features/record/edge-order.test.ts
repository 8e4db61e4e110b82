import { expect, it } from "vitest";
import { neighbours } from "./edge-order";

const ids = ["a", "b", "c", "d"];

it("puts a link between those that will stand around it", () => {
  expect(neighbours(ids, 0, 2)).toEqual({ after: "c", before: "d" });
  expect(neighbours(ids, 3, 1)).toEqual({ after: "a", before: "b" });
});

it("has one neighbour at the ends", () => {
  expect(neighbours(ids, 2, 0)).toEqual({ before: "a" });
  expect(neighbours(ids, 0, 3)).toEqual({ after: "d" });
});

it("moves nothing to where it stands, or beyond the ends", () => {
  expect(neighbours(ids, 1, 1)).toBeNull();
  expect(neighbours(ids, 0, -1)).toBeNull();
  expect(neighbours(ids, 3, 4)).toBeNull();
});
